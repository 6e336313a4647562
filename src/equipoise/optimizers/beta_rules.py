"""The seven rules for beta, the share of the last direction that a conjugate gradient step keeps.

With g the gradient, p the previous gradient, y = g - p and d the previous direction, all of them the vector of *all*
parameters of a player (Naganuma & Iiduka 2023, section 2.2):

    fr      Fletcher-Reeves      |g|^2 / |p|^2
    prp     Polak-Ribiere-Polyak <g, y> / |p|^2
    hs      Hestenes-Stiefel     <g, y> / <d, y>
    dy      Dai-Yuan             |g|^2 / <d, y>
    hz      Hager-Zhang          HS - mu |y|^2 <d, g> / <d, y>^2
    hs-dy   hybrid               max(0, min(HS, DY))
    fr-prp  hybrid               max(0, min(FR, PRP))

Each rule is a pure function of inner products, tensors of one shape: () for one beta of the player, (T,) for one of
each tensor. An argument ``a_b`` is <a, b>. The functions are given <g, y> and the like rather than <g, p>: the five
products of g, p and d determine them (<g, y> = |g|^2 - <g, p> ...), but the subtraction cancels in float32 when
successive gradients are close, which is the ordinary case. ``clip`` bounds a beta. It stands inside the formulas
because the paper composes clipped values: HZ subtracts from the clipped HS, the hybrids compare clipped ones.

All seven agree on a quadratic with exact line search, where <g, p> = <d, g> = 0; the tests pin each formula there.
The direction is d <- beta d - g, so <d, y> is positive where the curvature along d is: no rule has a minus in front.
"""

import inspect
from collections.abc import Callable, Mapping
from functools import cache, partial
from types import MappingProxyType

import torch
from torch import Tensor

Clip = Callable[[Tensor], Tensor]


def ratio(numerator: Tensor, denominator: Tensor) -> Tensor:
    """The quotient, and 0 where it is not a finite number; no host read.

    >>> ratio(torch.tensor([1.0, 1.0, 0.0]), torch.tensor([2.0, 0.0, 0.0]))
    tensor([0.5000, 0.0000, 0.0000])
    """
    return torch.nan_to_num(numerator / denominator, nan=0.0, posinf=0.0, neginf=0.0)


def fletcher_reeves(g_g: Tensor, p_p: Tensor, clip: Clip) -> Tensor:
    """|g|^2 / |p|^2."""
    return clip(ratio(g_g, p_p))


def polak_ribiere_polyak(g_y: Tensor, p_p: Tensor, clip: Clip) -> Tensor:
    """<g, y> / |p|^2. The paper's eq. 31 prints the previous gradient in the numerator; its section 2.2 has this."""
    return clip(ratio(g_y, p_p))


def hestenes_stiefel(g_y: Tensor, d_y: Tensor, clip: Clip) -> Tensor:
    """<g, y> / <d, y>. The paper's eq. 32 prints the previous gradient in the numerator; its section 2.2 has this."""
    return clip(ratio(g_y, d_y))


def dai_yuan(g_g: Tensor, d_y: Tensor, clip: Clip) -> Tensor:
    """|g|^2 / <d, y>."""
    return clip(ratio(g_g, d_y))


def hager_zhang(g_y: Tensor, d_y: Tensor, y_y: Tensor, d_g: Tensor, clip: Clip, mu: float) -> Tensor:
    """HS - mu |y|^2 <d, g> / <d, y>^2 with the clipped HS; mu > 1/4."""
    # Two quotients, because the square of <d, y> leaves float32 long before <d, y> does.
    correction = mu * ratio(y_y, d_y) * ratio(d_g, d_y)
    return clip(hestenes_stiefel(g_y, d_y, clip) - correction)


def hs_dy(g_g: Tensor, g_y: Tensor, d_y: Tensor, clip: Clip) -> Tensor:
    """max(0, min(HS, DY)), "Hyb1" of the paper."""
    return torch.minimum(hestenes_stiefel(g_y, d_y, clip), dai_yuan(g_g, d_y, clip)).clamp(min=0)


def fr_prp(g_g: Tensor, g_y: Tensor, p_p: Tensor, clip: Clip) -> Tensor:
    """max(0, min(FR, PRP)), "Hyb2" of the paper."""
    return torch.minimum(fletcher_reeves(g_g, p_p, clip), polak_ribiere_polyak(g_y, p_p, clip)).clamp(min=0)


BETA_RULES: Mapping[str, Callable[..., Tensor]] = MappingProxyType(
    {
        "fr": fletcher_reeves,
        "prp": polak_ribiere_polyak,
        "hs": hestenes_stiefel,
        "dy": dai_yuan,
        "hz": hager_zhang,
        "hs-dy": hs_dy,
        "fr-prp": fr_prp,
    }
)


@cache
def products_read_by(rule: str) -> frozenset[str]:
    """The inner products that a rule needs.

    >>> sorted(products_read_by("hs"))
    ['d_y', 'g_y']
    """
    return frozenset(inspect.signature(BETA_RULES[rule]).parameters) - {"clip", "mu"}


def beta_from(rule: str, products: Mapping[str, Tensor], floor: float, cap: float, mu: float) -> Tensor:
    """Beta by a rule, in [floor, cap]; the hybrids' is never negative.

    Args:
        rule: a key of `BETA_RULES`.
        products: at least those that the rule reads, tensors of one shape.
        floor: least value, at most 0.
        cap: largest value, at least 0.
        mu: of ``hz`` alone, above 1/4.

    >>> products = {"g_g": torch.tensor(1.0), "p_p": torch.tensor(4.0)}
    >>> beta_from("fr", products, floor=0.0, cap=0.5, mu=2.0)
    tensor(0.2500)
    """
    formula = partial(hager_zhang, mu=mu) if rule == "hz" else BETA_RULES[rule]
    read = {name: products[name] for name in products_read_by(rule)}
    return formula(**read, clip=partial(torch.clamp, min=floor, max=cap))
