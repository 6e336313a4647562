"""What the eigenvalues say of the game at a point: a pure function of spectra.

Players descend: z' = -v(z), with v the gradients of both losses. So a *positive* real part of an eigenvalue of the
Jacobian J of v attracts and a negative one repels (of the flow's own matrix -J the signs are the other way round;
Mescheder et al. 2018 write that one). A point where both gradients vanish is

    a local Nash equilibrium    where neither player's own Hessian has a negative eigenvalue: none gains alone;
    stable                      where no eigenvalue of J has a negative real part: both together come back.

Neither implies the other (Berard et al. 2020; Mazumdar et al. 2020), but for a zero-sum game Nash implies stable. An
eigenvalue counts as 0 within the tolerance

    max(residual, sqrt(n) x precision x scale),

the largest residual of the eigenpairs that were found, but no less than what rounding makes of n parameters. Networks
have directions along which no loss changes; they are called flat and do not count against a point.
"""

import math
from dataclasses import dataclass
from typing import Literal

from equipoise.training.diagnosis.eigenvalues import Eigenvalues

Kind = Literal["nash", "stable-not-nash", "rotating", "unstable", "undecided"]


@dataclass(frozen=True)
class Ends:
    """The eigenvalues of one matrix, ready for a record.

    Attributes:
        values: (real, imaginary) of each that was found, by falling real part.
        tolerance: within which a real part counts as 0.
        residual: see `Eigenvalues`.
        scale: see `Eigenvalues`.
        complete: whether these are all there are.
        failures: see `Eigenvalues`.
        missing: see `Eigenvalues`.
        num_products: see `Eigenvalues`.
    """

    values: tuple[tuple[float, float], ...]
    tolerance: float
    residual: float
    scale: float
    complete: bool
    failures: tuple[str, ...]
    missing: tuple[str, ...]
    num_products: int

    @classmethod
    def of(cls, found: Eigenvalues, size: int, epsilon: float) -> "Ends":
        """From eigenvalues of a matrix (size, size) whose products have the relative precision ``epsilon``."""
        return cls(
            tuple((float(value.real), float(value.imag)) for value in found.values),
            max(found.residual, math.sqrt(size) * epsilon * found.scale),
            found.residual,
            found.scale,
            found.complete,
            found.failures,
            found.missing,
            found.num_products,
        )

    @property
    def lowest(self) -> float | None:
        """The smallest real part that was found."""
        return min((real for real, _ in self.values), default=None)

    @property
    def highest(self) -> float | None:
        """The largest real part that was found."""
        return max((real for real, _ in self.values), default=None)

    @property
    def has_negative(self) -> bool:
        """Whether some real part is below 0 by more than the tolerance."""
        return self.lowest is not None and self.lowest < -self.tolerance

    @property
    def knows_lowest(self) -> bool:
        """Whether at least one eigenvalue of the lower end was found; where several were sought, not always all."""
        return bool(self.values) and not {"SR", "SA"} & set(self.missing)


@dataclass(frozen=True)
class Verdict:
    """What the point is.

    Attributes:
        kind: in a word.
        sentence: in a sentence.
        has_flat: whether some directions are flat.
        most_rotating: (real, imaginary) of the eigenvalue found that turns most for each unit that it attracts or
            repels; None where none turns.
        rotation: its |imaginary| / |real|, the real part taken no smaller than the tolerance.
        longest_step: rate below which plain simultaneous descent at equal rates attracts, as far as the eigenvalues
            found say; None where the flow itself does not.
    """

    kind: Kind
    sentence: str
    has_flat: bool
    most_rotating: tuple[float, float] | None
    rotation: float
    longest_step: float | None


def judge(jacobian: Ends, disc: Ends, gen: Ends) -> Verdict:
    """The verdict on a point.

    Args:
        jacobian: of the Jacobian of both gradients.
        disc: of the discriminator's Hessian.
        gen: of the generator's Hessian.
    """
    kind = _kind(jacobian, disc, gen)
    turning = most_rotating(jacobian)
    has_flat = any(abs(real) <= jacobian.tolerance for real, _ in jacobian.values)
    sentence = f"{_OPENINGS[kind]}{_flat(kind, has_flat)}: {_reason(kind, jacobian, disc, gen)}."
    return Verdict(kind, sentence, has_flat, turning, _rotation(jacobian, turning), longest_step(jacobian))


def most_rotating(jacobian: Ends) -> tuple[float, float] | None:
    """The eigenvalue with the largest |imaginary| / |real|, upper member of its pair; None where all are real."""
    turning = [value for value in jacobian.values if value[1] > jacobian.tolerance]
    return max(turning, key=lambda value: _rotation(jacobian, value), default=None)


def neutral(jacobian: Ends) -> tuple[float, float] | None:
    """Of the pairs that turn without coming nearer, the fastest, upper member; None where all that turn attract."""
    turning = [value for value in jacobian.values if value[1] > jacobian.tolerance >= value[0]]
    return max(turning, key=lambda value: value[1], default=None)


def longest_step(jacobian: Ends) -> float | None:
    """The least 2 Re l / |l|^2 over eigenvalues that are not flat; None where one of them does not attract.

    With rate h, simultaneous descent multiplies an eigenvector by 1 - h l, which is shorter than 1 exactly for h below
    2 Re l / |l|^2. Of a spectrum that is not complete this is an upper bound.
    """
    moving = [
        (real, imaginary) for real, imaginary in jacobian.values if math.hypot(real, imaginary) > jacobian.tolerance
    ]
    if not moving or any(real <= jacobian.tolerance for real, _ in moving):
        return None
    return min(2 * real / (real**2 + imaginary**2) for real, imaginary in moving)


def _rotation(jacobian: Ends, value: tuple[float, float] | None) -> float:
    if value is None:
        return 0.0
    return abs(value[1]) / max(abs(value[0]), jacobian.tolerance, 1e-300)


def _kind(jacobian: Ends, disc: Ends, gen: Ends) -> Kind:
    if jacobian.has_negative:
        return "unstable"
    if not jacobian.knows_lowest or all(math.hypot(*value) <= jacobian.tolerance for value in jacobian.values):
        return "undecided"
    if neutral(jacobian) is not None:
        return "rotating"
    if disc.has_negative or gen.has_negative:
        return "stable-not-nash"
    return "nash" if disc.knows_lowest and gen.knows_lowest else "undecided"


_OPENINGS: dict[Kind, str] = {
    "nash": "Local Nash equilibrium",
    "stable-not-nash": "Stable but no Nash equilibrium",
    "rotating": "Rotating",
    "unstable": "Unstable",
    "undecided": "Undecided",
}


def _flat(kind: Kind, has_flat: bool) -> str:
    return ", but for flat directions" if has_flat and kind in ("nash", "stable-not-nash") else ""


def _reason(kind: Kind, jacobian: Ends, disc: Ends, gen: Ends) -> str:
    within = f"tolerance {jacobian.tolerance:.2g}"
    losers = [name for name, ends in (("discriminator", disc), ("generator", gen)) if ends.has_negative]
    alone = f"the {' and the '.join(losers)} could lower {'its' if len(losers) == 1 else 'their'} loss alone"
    if kind == "unstable":
        also = f"and {alone}" if losers else "although neither player could lower its loss alone"
        return f"some direction is pushed away (smallest real part {jacobian.lowest:.3g}, {within}), {also}"
    if kind == "rotating":
        real, imaginary = neutral(jacobian) or (0.0, 0.0)
        pair = f"a pair of eigenvalues {real:.2g} +- {imaginary:.3g}i"
        return f"{pair} turns and neither comes nearer nor leaves ({within}){'; ' + alone if losers else ''}"
    if kind == "stable-not-nash":
        return f"all directions come back or stand still ({within}), and yet {alone}"
    if kind == "nash":
        return f"neither player could lower its loss alone, and all directions come back or stand still ({within})"
    return _why_undecided(jacobian, disc, gen)


def _why_undecided(jacobian: Ends, disc: Ends, gen: Ends) -> str:
    if not jacobian.knows_lowest:
        return "the smallest real part of the Jacobian was not found within the budget"
    if all(math.hypot(*value) <= jacobian.tolerance for value in jacobian.values):
        return f"all eigenvalues are 0 within the tolerance {jacobian.tolerance:.2g}, where the linear theory is silent"
    missing = [name for name, ends in (("discriminator", disc), ("generator", gen)) if not ends.knows_lowest]
    return (
        f"no direction is pushed away, but the smallest curvature of the {' and the '.join(missing)} was not found "
        "within the budget"
    )
