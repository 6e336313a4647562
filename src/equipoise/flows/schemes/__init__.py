"""Schemes: one step of length tau for any dual flow, one scheme a file. ``SCHEMES`` maps names to them.

A new scheme is a file with one class and an entry here; the conformance suite of the tests then measures its order,
sees that it keeps fixed points, and compares its limit tau -> 0 with the reference.
"""

from typing import Any

from equipoise.core.errors import unknown
from equipoise.flows.schemes.alternating import Alternating
from equipoise.flows.schemes.explicit import Explicit
from equipoise.flows.schemes.extragradient import Extragradient
from equipoise.flows.schemes.implicit import Implicit
from equipoise.flows.schemes.minimising import AlternatingMinimisingMovement, MinimisingMovement
from equipoise.flows.schemes.reference import Reference
from equipoise.flows.schemes.scheme import Scheme, Solving

SCHEMES: dict[str, type[Scheme]] = {
    "explicit": Explicit,
    "alternating": Alternating,
    "minimising": MinimisingMovement,
    "minimising-alternating": AlternatingMinimisingMovement,
    "implicit": Implicit,
    "extragradient": Extragradient,
    "reference": Reference,
}

__all__ = [
    "SCHEMES",
    "Alternating",
    "AlternatingMinimisingMovement",
    "Explicit",
    "Extragradient",
    "Implicit",
    "MinimisingMovement",
    "Reference",
    "Scheme",
    "Solving",
    "build_scheme",
]


def build_scheme(name: str, tolerance: float | None = None, max_evaluations: int | None = None) -> Scheme:
    """The scheme called ``name``; the two settings are read by those that solve equations.

    Raises:
        UserError: there is no such scheme.

    >>> build_scheme("implict")
    Traceback (most recent call last):
    ...
    equipoise.core.errors.UserError: Unknown scheme 'implict'; did you mean 'implicit'? Choose from: explicit, ...
    """
    if name not in SCHEMES:
        raise unknown("scheme", name, SCHEMES)
    make = SCHEMES[name]
    if not issubclass(make, Solving):
        return make()
    given: dict[str, Any] = {"tolerance": tolerance, "max_evaluations": max_evaluations}
    scheme: Scheme = make(**{key: value for key, value in given.items() if value is not None})
    return scheme
