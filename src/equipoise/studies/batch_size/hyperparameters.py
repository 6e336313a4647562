"""What hyper-parameters alone say about the critical batch size (Sato & Iiduka 2023).

A player that descends with a constant rate a has, for the mean over N steps of <theta_n - theta, grad L>, a bound

    A/N + B/b + C        A = |theta_1 - theta|^2 / (2a),   B = a sigma^2 / 2,   C = a M^2 / 2

for SGD, with sigma^2 the variance of one example's gradient and M^2 a bound on |grad L|^2. Setting it to eps^2 gives
N(b) = A b / ((eps^2 - C) b - B), whose cost b N(b) is least at b* = 2 B / (eps^2 - C). That much is derived and tested.
For Adam, AdaBelief and RMSProp the paper's constants could not be checked, and they are not offered as its formulas:
`unverified_adam_coefficient` is what follows from the SGD argument with the preconditioner bounded from below, and
agrees with no published number.
"""

import math
from dataclasses import dataclass

from equipoise.core.errors import UserError


@dataclass(frozen=True)
class Bound:
    """A/N + B/b + C, all above 0 (B and C may be 0)."""

    a: float
    b: float
    c: float

    def steps(self, batch_size: float, epsilon: float) -> float:
        """N(b): steps after which the bound is epsilon^2; infinite where it never is.

        >>> Bound(a=100.0, b=4.0, c=0.0).steps(batch_size=8.0, epsilon=1.0)
        200.0
        """
        room = (epsilon**2 - self.c) * batch_size - self.b
        return self.a * batch_size / room if room > 0 else math.inf

    def critical_batch(self, epsilon: float) -> float:
        """b* = 2 B / (epsilon^2 - C), twice the smallest batch size that ever meets the target.

        Raises:
            UserError: epsilon^2 is not above C, so that no batch size meets it.

        >>> Bound(a=100.0, b=4.0, c=0.0).critical_batch(epsilon=1.0)
        8.0
        """
        if epsilon**2 <= self.c:
            raise UserError(
                f"No batch size brings the bound to {epsilon**2:g}, for its constant part alone is {self.c:g}; choose "
                f"a larger epsilon or a smaller learning rate."
            )
        return 2 * self.b / (epsilon**2 - self.c)


def sgd_bound(rate: float, variance: float, squared_distance: float, squared_gradient: float) -> Bound:
    """The bound of SGD at a constant rate.

    Args:
        rate: a, the learning rate.
        variance: sigma^2, of one example's gradient, summed over the parameters: the noise of a run's records.
        squared_distance: |theta_1 - theta|^2.
        squared_gradient: M^2, a bound on |grad L|^2 along the way.
    """
    return Bound(squared_distance / (2 * rate), rate * variance / 2, rate * squared_gradient / 2)


def unverified_adam_coefficient(
    rate: float, beta1: float, beta2: float, num_parameters: int, num_examples: int
) -> float:
    """What multiplies sigma^2/eps^3 in a lower bound of b* for Adam; **unverified**, see the module.

    a (1 - beta1)^-3 sqrt(num_parameters / ((1 - beta2) num_examples^2)), from h >= sqrt(1 - beta2) min |g_i| and the
    guesses min |g_i| <= |g| / sqrt(num_parameters) and |g| <= num_examples eps.

    >>> round(unverified_adam_coefficient(1e-4, 0.5, 0.999, 3_576_704, 3_033_042), 7)  # DCGAN on LSUN bedrooms
    1.58e-05
    """
    return rate / (1 - beta1) ** 3 * math.sqrt(num_parameters / (1 - beta2)) / num_examples
