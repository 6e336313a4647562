"""How a stretch of a flow can end, each with the sentence a person reads."""

from enum import StrEnum

from equipoise.core.errors import EquipoiseError


class Result(StrEnum):
    """The ways to end; only the first is a solution up to the time asked for."""

    REACHED = "The end time was reached."
    DIVERGED = "The state left the range of floating-point numbers; take smaller steps, or a damped or implicit scheme."
    NOT_SOLVED = (
        "An implicit step was not solved to its tolerance; take smaller steps, a wider tolerance or more iterations."
    )
    NOT_A_MINIMUM = (
        "A proximal step ended at a stationary point higher than where it began; take smaller steps, so that the "
        "distance outweighs the energy's negative curvature."
    )
    NO_BEST_RESPONSE = (
        "The inner maximisation of the discriminator did not reach its tolerance; its loss may have no minimum: give "
        "it a penalty or damping."
    )


class UnsolvedError(EquipoiseError):
    """Raised inside a step that cannot be completed; `integrate` turns it into the trajectory's result.

    Args:
        result: how the stretch ends.
        residual: what the solver was left with.
    """

    def __init__(self, result: Result, residual: float) -> None:
        super().__init__(f"{result} (residual {residual:.3g})")
        self.result, self.residual = result, residual
