"""The iterates of a conjugate gradient method, pinned by closed forms and by a second implementation in plain floats.

A factory is called with the arguments of `equipoise.optimizers.ConjugateGradient`: ``lr``, ``beta`` (a rule), ``cap``,
``floor``, ``scale``, ``weight_decay``, ``maximize``. Everything is in float64.
"""

import cmath
import math
from collections.abc import Callable
from functools import partial

import torch
from torch import Tensor, nn

from equipoise.optimizers.conformance.contract import CONTRACT
from equipoise.optimizers.conformance.memory import MEMORY
from equipoise.optimizers.conformance.playing import (
    NUM_STEPS,
    RATE,
    Check,
    Factory,
    assert_same,
    drawn,
    gradients,
    parameters,
    parts,
    play,
)

RULES = ("fr", "prp", "hs", "dy", "hz", "hs-dy", "fr-prp")
Vector = list[float]


def first_direction_is_downhill(make: Factory) -> None:
    """The first step is -lr g exactly, by every rule."""
    for rule in RULES:
        weights = parameters()
        pairs = zip(weights, gradients(0, weights), strict=True)
        expected = [torch.add(weight.detach(), gradient, alpha=-RATE) for weight, gradient in pairs]
        play(make(weights, lr=RATE, beta=rule), weights, [0])
        assert_same(weights, expected)


def zero_beta_is_sgd(make: Factory) -> None:
    """With the cap at 0, or scaled by 0, it is torch's SGD bit by bit, with weight decay and without."""
    for zero in ({"cap": 0.0}, {"scale": 0.0}):
        for decay in (0.0, 0.3):
            mine, theirs = parameters(), parameters()
            play(make(mine, lr=RATE, weight_decay=decay, **zero), mine, range(NUM_STEPS))
            play(torch.optim.SGD(theirs, lr=RATE, weight_decay=decay), theirs, range(NUM_STEPS))
            assert_same(mine, theirs)


def constant_gradient_gains_two(make: Factory) -> None:
    """FR at its cap 1/2 under a constant gradient: step n is (2 - 2^(1 - n)) lr long."""
    weight = nn.Parameter(torch.zeros((), dtype=torch.float64))
    optimizer = make([weight], lr=RATE, beta="fr")
    for step in range(1, 12):
        before = weight.item()
        weight.grad = torch.ones_like(weight)
        optimizer.step()
        assert math.isclose(before - weight.item(), (2 - 2.0 ** (1 - step)) * RATE, rel_tol=1e-12)


def plays_games_in_closed_form(make: Factory) -> None:
    """Simultaneous steps on damping (x^2 - y^2) / 2 + x y, where x descends and y ascends.

    As z = x + iy the directions are d <- beta d - (damping - i) z. Without beta, z_n = (1 - h (damping - i))^n z_0,
    which for damping 0 (the bilinear game) grows by sqrt(1 + h^2) a step. FR stays at its cap for these
    few steps, where z_n is a sum of two powers: r^2 - (3/2 - h (damping - i)) r + 1/2 = 0 with z_1 as without beta.
    """
    h = 0.02
    for damping in (0.0, 0.2):
        factor = 1 - h * complex(damping, -1)
        orbit = _orbit(make, h, damping, {"cap": 0.0})
        for step, point in enumerate(orbit):
            assert cmath.isclose(point, factor**step * orbit[0], rel_tol=1e-12)
        linear = 0.5 + factor
        split = cmath.sqrt(linear**2 - 2)
        one, other = (linear + split) / 2, (linear - split) / 2
        share = (factor - other) / (one - other)
        orbit = _orbit(make, h, damping, {"beta": "fr"})
        for step, point in enumerate(orbit):
            assert cmath.isclose(point, (share * one**step + (1 - share) * other**step) * orbit[0], rel_tol=1e-12)


def _orbit(make: Factory, h: float, damping: float, options: dict[str, object]) -> list[complex]:
    x, y = (nn.Parameter(torch.ones((), dtype=torch.float64)) for _ in range(2))
    players = make([x], lr=h, **options), make([y], lr=h, maximize=True, **options)
    orbit = [complex(x.item(), y.item())]
    for _ in range(8):
        x.grad, y.grad = (damping * x + y).detach(), (x - damping * y).detach()
        for player in players:
            player.step()
        orbit.append(complex(x.item(), y.item()))
    return orbit


def agrees_with_plain_floats(make: Factory) -> None:
    """Algorithm 1 in plain Python: every rule, clipped and not, with two rates, weight decay and either sign."""
    clips: tuple[tuple[float | None, float | None], ...] = ((0.5, 0.0), (0.5, None), (None, None), (0.2, -0.1))
    for rule in RULES:
        for cap, floor in clips:
            for maximize in (False, True):
                decay = 0.2 if maximize else 0.0
                weights = parameters()
                groups = [{"params": weights[:2]}, {"params": weights[2:], "lr": 0.5 * RATE}]
                options = {"beta": rule, "cap": cap, "floor": floor, "weight_decay": decay, "maximize": maximize}
                optimizer = make(groups, lr=RATE, scale=0.9, **options)
                w = _joined(weights)
                rates = [RATE] * 7 + [0.5 * RATE] * (len(w) - 7)
                d, p = [0.0] * len(w), [0.0] * len(w)
                for step in range(NUM_STEPS):
                    play(optimizer, weights, [step])
                    sign = -1 if maximize else 1
                    raw = _joined(gradients(step, weights))
                    g = [sign * each + decay * weight for each, weight in zip(raw, w, strict=True)]
                    beta = 0.9 * _beta(rule, g, p, d, cap, floor) if step else 0.0
                    d = [beta * a - b for a, b in zip(d, g, strict=True)]
                    w = [a + rate * b for a, rate, b in zip(w, rates, d, strict=True)]
                    p = g
                    torch.testing.assert_close(_joined(weights), w, rtol=1e-9, atol=1e-9)


def _joined(tensors: list[Tensor] | list[nn.Parameter]) -> Vector:
    return [value for tensor in tensors for value in tensor.detach().flatten().tolist()]


def _beta(rule: str, g: Vector, p: Vector, d: Vector, cap: float | None, floor: float | None) -> float:
    """From the five products of g, p and d, with y eliminated: written apart from the package's formulas."""

    def dot(a: Vector, b: Vector) -> float:
        return math.sumprod(a, b) if hasattr(math, "sumprod") else math.fsum(x * y for x, y in zip(a, b, strict=True))

    def clip(value: float) -> float:
        value = value if cap is None else min(value, cap)
        return value if floor is None else max(value, floor)

    gg, pp, gp, dg, dp = dot(g, g), dot(p, p), dot(g, p), dot(d, g), dot(d, p)
    fr, prp, hs, dy = clip(gg / pp), clip((gg - gp) / pp), clip((gg - gp) / (dg - dp)), clip(gg / (dg - dp))
    values: dict[str, Callable[[], float]] = {
        "fr": lambda: fr,
        "prp": lambda: prp,
        "hs": lambda: hs,
        "dy": lambda: dy,
        "hz": lambda: clip(hs - 2 * (gg - 2 * gp + pp) * dg / (dg - dp) ** 2),
        "hs-dy": lambda: max(0.0, min(hs, dy)),
        "fr-prp": lambda: max(0.0, min(fr, prp)),
    }
    return values[rule]()


def keeps_the_contract_unclipped(make: Factory) -> None:
    """Every rule keeps torch's contract. At the cap, where FR mostly is, a wrong previous gradient would not show."""
    for rule in RULES:
        for check in (CONTRACT | MEMORY).values():
            check(partial(make, beta=rule, cap=None, floor=None))


def solves_quadratics_in_as_many_steps_as_dimensions(make: Factory) -> None:
    """Unclipped and with exact line search, all rules are the linear conjugate gradient method, so they agree too."""
    dim = 6
    square = drawn(3, (dim, dim))
    matrix = square @ square.T + torch.eye(dim, dtype=torch.float64)
    paths = [_line_searched(make, rule, matrix, num_steps=dim) for rule in RULES]
    for path in paths:
        assert torch.linalg.vector_norm(matrix @ path[-1]) < 1e-9
        torch.testing.assert_close(path, paths[0], rtol=1e-7, atol=1e-9)


def _line_searched(make: Factory, rule: str, matrix: Tensor, num_steps: int) -> Tensor:
    """Iterates on w'Aw/2, (num_steps + 1, dim): after a step at rate 1 the weights are put at the line's minimum."""
    sizes = (2, len(matrix) - 2)
    weights = [nn.Parameter(part) for part in parts(drawn(4, (len(matrix),)), sizes)]
    optimizer = make(weights, lr=1.0, beta=rule, cap=None, floor=None)
    path = [torch.cat([weight.detach() for weight in weights])]
    for _ in range(num_steps):
        gradient = matrix @ path[-1]
        for weight, slope in zip(weights, parts(gradient, sizes), strict=True):
            weight.grad = slope
        optimizer.step()
        direction = torch.cat([weight.detach() for weight in weights]) - path[-1]
        path.append(path[-1] - (gradient @ direction) / (direction @ matrix @ direction) * direction)
        for weight, value in zip(weights, parts(path[-1], sizes), strict=True):
            weight.data.copy_(value)
    return torch.stack(path)


CONJUGACY: dict[str, Check] = {
    each.__name__: each
    for each in (
        first_direction_is_downhill,
        zero_beta_is_sgd,
        constant_gradient_gains_two,
        plays_games_in_closed_form,
        agrees_with_plain_floats,
        keeps_the_contract_unclipped,
        solves_quadratics_in_as_many_steps_as_dimensions,
    )
}
