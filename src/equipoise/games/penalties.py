"""Penalties on the slope of the discriminator D with respect to its input, unweighted.

    gradient            E (|grad D(x^)| - 1)^2            x^ uniform between a real and a fake (Gulrajani et al. 2017)
    one-sided-gradient  E max(0, |grad D(x^)| - 1)^2      (Petzka et al. 2018)
    r1                  1/2 E |grad D(x)|^2  at real x    (Mescheder et al. 2018: gamma/2 E |grad|^2, gamma the weight)
    r2                  1/2 E |grad D(x)|^2  at fake x
    r1-r2               both (Roth et al. 2017; Huang et al. 2024)

Norms are taken per example over all of its entries, in at least float32 even under autocast, because squares of small
gradients leave the range of half precision. A discriminator with batch normalisation has no gradient per example: its
score of one depends on the others. Nothing here forbids it; `equipoise.games.build` warns.

Penalties at generated points depend on the generator. It does not descend them, but where it moves the discriminator's
gradient changes, and the Jacobian of the game (`equipoise.training.diagnosis`) has that part.
"""

from collections.abc import Callable

import torch
from torch import Tensor
from torch.nn import functional

from equipoise.core.vectors import at_least_float32

Scorer = Callable[[Tensor], Tensor]
Penalty = Callable[[Scorer, Tensor, Tensor, torch.Generator], Tensor]


def squared_slopes(scorer: Scorer, examples: Tensor) -> Tensor:
    """|grad_x D(x)|^2 of each example, differentiable with respect to D's parameters.

    Args:
        scorer: examples (N, ...) -> scores (N,).
        examples: (N, ...), any floating type; the graph of generated ones is kept, so that the slopes can be
            differentiated with respect to the generator too.

    Returns:
        (N,), float32 or wider.
    """
    examples = at_least_float32(examples)
    if not examples.requires_grad:
        examples = examples.detach().requires_grad_()
    with torch.autocast(examples.device.type, enabled=False):
        (slopes,) = torch.autograd.grad(scorer(examples).sum(), examples, create_graph=True)
    return slopes.flatten(1).square().sum(1)


def between(real: Tensor, fake: Tensor, generator: torch.Generator) -> Tensor:
    """One point on the segment from each real to its fake example, uniformly; shapes (N, ...)."""
    real, fake = at_least_float32(real), at_least_float32(fake)
    shape = (len(real), *[1] * (real.ndim - 1))
    return torch.lerp(real, fake, torch.rand(shape, dtype=real.dtype, device=real.device, generator=generator))


def gradient(scorer: Scorer, real: Tensor, fake: Tensor, generator: torch.Generator) -> Tensor:
    """Two-sided gradient penalty of WGAN-GP: slopes of 1 are wanted between real and fake; returns a scalar."""
    return (_norm(squared_slopes(scorer, between(real, fake, generator))) - 1).square().mean()


def one_sided_gradient(scorer: Scorer, real: Tensor, fake: Tensor, generator: torch.Generator) -> Tensor:
    """One-sided gradient penalty: only slopes above 1 are penalised; returns a scalar."""
    return functional.relu(_norm(squared_slopes(scorer, between(real, fake, generator))) - 1).square().mean()


def r1(scorer: Scorer, real: Tensor, fake: Tensor, generator: torch.Generator) -> Tensor:
    """Half the mean squared slope at real examples; returns a scalar."""
    return 0.5 * squared_slopes(scorer, real).mean()


def r2(scorer: Scorer, real: Tensor, fake: Tensor, generator: torch.Generator) -> Tensor:
    """Half the mean squared slope at generated examples; returns a scalar."""
    return 0.5 * squared_slopes(scorer, fake).mean()


def r1_r2(scorer: Scorer, real: Tensor, fake: Tensor, generator: torch.Generator) -> Tensor:
    """R1 plus R2; returns a scalar."""
    return r1(scorer, real, fake, generator) + r2(scorer, real, fake, generator)


def _norm(squared: Tensor) -> Tensor:
    # The root's derivative is infinite at 0; the floor makes it 0 there, as for a dead discriminator it should be.
    return squared.clamp_min(1e-24).sqrt()


PENALTIES: dict[str, Penalty] = {
    "gradient": gradient,
    "one-sided-gradient": one_sided_gradient,
    "r1": r1,
    "r2": r2,
    "r1-r2": r1_r2,
}
