"""Fixed points x = g(x) by Anderson acceleration, the one solver of all implicit steps.

From the last m iterates it takes the combination, with weights that sum to 1, whose residual g(x) - x is smallest, and
goes on from there (Walker & Ni 2011). On linear problems this is GMRES in disguise, so that it solves a problem of d
unknowns in about d + 1 evaluations even where plain iteration diverges. Residuals are read from the device: an implicit
step has to know when it is done.
"""

from collections.abc import Callable

import torch
from torch import Tensor

from equipoise.flows.outcomes import Result, UnsolvedError

DEPTH = 8
"""Iterates that are combined."""


def fixed_point(g: Callable[[Tensor], Tensor], start: Tensor, tolerance: float, max_evaluations: int) -> Tensor:
    """A point with |g(x) - x| <= tolerance (1 + |x|).

    Args:
        g: the map, (d,) -> (d,).
        start: (d,).
        tolerance: relative to 1 + |x|, in the Euclidean norm.
        max_evaluations: of ``g``.

    Raises:
        UnsolvedError: the tolerance was not reached, or numbers were not finite.

    >>> fixed_point(lambda x: 1 - 3 * x, torch.zeros(1, dtype=torch.float64), 1e-12, 10)
    tensor([0.2500], dtype=torch.float64)
    """
    x, size = start, float("nan")
    images: list[Tensor] = []
    residuals: list[Tensor] = []
    for _ in range(max_evaluations):
        image = g(x)
        residual = image - x
        size = (residual.norm() / (1 + x.norm())).item()
        if size <= tolerance:
            return image
        if size != size or size == float("inf"):
            break
        images, residuals = [*images, image][-DEPTH:], [*residuals, residual][-DEPTH:]
        x = _combined(images, residuals)
    raise UnsolvedError(Result.NOT_SOLVED, size)


def _combined(images: list[Tensor], residuals: list[Tensor]) -> Tensor:
    """The image under g of the combination of iterates with the least residual, to first order."""
    newest_image, newest = images[-1], residuals[-1]
    if len(residuals) == 1:
        return newest_image
    differences = torch.stack([newest - residual for residual in residuals[:-1]], dim=1)
    # Old differences can be almost parallel to new ones: the least-squares solution of least norm ignores them.
    scale = differences.norm(dim=0).clamp_min(torch.finfo(differences.dtype).tiny)
    weights = torch.linalg.lstsq((differences / scale).cpu(), newest.cpu().unsqueeze(1), driver="gelsd").solution
    weights = weights.squeeze(1).to(scale.device) / scale
    changes = torch.stack([newest_image - image for image in images[:-1]], dim=1)
    combined: Tensor = newest_image - changes @ weights
    return combined
