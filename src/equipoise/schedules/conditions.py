"""Which conditions of the theory two learning rates meet: a_n of the generator, b_n of the discriminator.

    (A2) of Heusel et al. 2017, (D2)(i) of Naganuma & Iiduka 2023, for convergence to a local Nash equilibrium:
         sum a_n = sum b_n = infinity,  sum a_n^2, sum b_n^2 < infinity,  a_n = o(b_n)
    (D2)(ii) of the latter, for convergence on average:
         1/(n a_n) -> 0,  1/(n b_n) -> 0,  the means of a_1..a_n and of b_1..b_n -> 0
    (C1): both constant

All are statements about n -> infinity. A rate n^-eta meets the sums for 1/2 < eta <= 1, and a_n = o(b_n) where the
generator's eta is the larger. Decays that end with the run (linear, cosine, exponential) stay at their final value and
count as constants, or as zero where they end at 0; a step decay falls geometrically, so its sum is finite.

Not here: the other assumptions (smoothness, attractors, bounded iterates), which no rate can meet.
"""

from dataclasses import dataclass

from equipoise.config import DecaySettings


@dataclass(frozen=True)
class Conditions:
    """What a pair of rates meets.

    Attributes:
        constant: (C1), both rates are constant from some step on and positive.
        infinite_sums: both sums of rates diverge.
        finite_squares: both sums of squared rates converge.
        separated: a_n = o(b_n), the generator becomes ever slower than the discriminator.
        vanishing: both rates tend to zero, but more slowly than 1/n.
    """

    constant: bool
    infinite_sums: bool
    finite_squares: bool
    separated: bool
    vanishing: bool

    @property
    def two_time_scales(self) -> bool:
        """(A2) and (D2)(i): what the almost sure convergence of either paper asks of the rates."""
        return self.infinite_sums and self.finite_squares and self.separated

    def sentences(self) -> list[str]:
        """The findings in words."""
        findings = {
            "both rates stay constant (C1): bounds on averages hold, convergence is not claimed": self.constant,
            "sum of rates infinite": self.infinite_sums,
            "sum of squared rates finite": self.finite_squares,
            "generator's rate is o(discriminator's rate)": self.separated,
            "both rates vanish more slowly than 1/n (D2)(ii)": self.vanishing,
            "two time scales in the sense of the theorems (A2), (D2)(i)": self.two_time_scales,
        }
        return [f"{'met' if met else 'not met'}: {finding}" for finding, met in findings.items()]


def check_conditions(disc: DecaySettings, gen: DecaySettings) -> Conditions:
    """The conditions that a pair of decays meets, whatever the base rates.

    >>> disc = DecaySettings(decay="polynomial", power=0.6)
    >>> gen = DecaySettings(decay="polynomial", power=0.9)
    >>> check_conditions(disc, gen).two_time_scales, check_conditions(gen, disc).two_time_scales
    (True, False)
    """
    slow, fast = exponent(gen), exponent(disc)
    return Conditions(
        constant=slow == fast == 0,
        infinite_sums=max(slow, fast) <= 1,
        finite_squares=min(slow, fast) > 0.5,
        separated=slow > fast,
        vanishing=min(slow, fast) > 0 and max(slow, fast) < 1,
    )


def exponent(settings: DecaySettings) -> float:
    """Eta where the rate falls as n^-eta: 0 for a constant, infinity where it falls faster than any power.

    >>> exponent(DecaySettings(decay="inverse-sqrt"))
    0.5
    """
    if settings.decay == "step":
        return 0.0 if settings.gamma == 1 else float("inf")
    if settings.decay in ("linear", "cosine", "exponential"):
        return 0.0 if settings.final > 0 else float("inf")
    return {"constant": 0.0, "inverse-sqrt": 0.5, "polynomial": settings.power}[settings.decay]
