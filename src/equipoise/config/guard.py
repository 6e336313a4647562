"""Settings of the guard: what it looks for in a run that goes wrong, and what it does about it."""

from typing import Annotated, Literal

from pydantic import Field

from equipoise.config.base import OnlyWith, Settings

Policy = Literal["ignore", "warn", "stop", "rollback"]
_LOOKING = ("warn", "stop", "rollback")
Fraction = Annotated[float, Field(gt=0, lt=1)]


class GuardSettings(Settings):
    """One policy for each kind of trouble.

    ignore; warn, and go on; stop the run as diverged; or rollback: go back to the last checkpoint from before the
    trouble, with lower rates and other draws.
    """

    nonfinite: Policy = "stop"
    """Losses, gradients, weights or optimiser states that are not finite. Checkpoints are never made of them."""
    disc_wins: Policy = "warn"
    """The discriminator's loss stays far below its ideal while the generator's gradient vanishes. Not looked for where
    the ideal is unknown or 0 (games between points, Wasserstein)."""
    blow_up: Policy = "warn"
    """The distance grows far beyond the best one."""
    mode_loss: Policy = "warn"
    """Far fewer classes or modes are found than at best, where they are counted."""
    disc_wins_loss: Annotated[Fraction, OnlyWith("disc_wins", _LOOKING)] = 0.1
    """Far below the ideal: the moving average of the loss is less than this fraction of it."""
    disc_wins_gradient: Annotated[Fraction, OnlyWith("disc_wins", _LOOKING)] = 0.01
    """Vanishing: the norm of the generator's gradient is at most this fraction of the largest one of the run."""
    disc_wins_after: Annotated[int, Field(gt=0), OnlyWith("disc_wins", _LOOKING)] = 10
    """Logging intervals in a row before it is found."""
    blow_up_factor: Annotated[float, Field(gt=1), OnlyWith("blow_up", _LOOKING)] = 2.5
    """Far beyond: more than this many times the best distance, and more than blow_up_floor. Of the divergence of text,
    which is at most 1: what it lacks of 1 is less than the best lacked by more than this factor."""
    blow_up_floor: Annotated[float, Field(ge=0), OnlyWith("blow_up", _LOOKING)] = 0.1
    """Fraction of the first distance below which no distance counts as blown up. Of the divergence of text: by how much
    it must have risen above the best."""
    blow_up_after: Annotated[int, Field(gt=0), OnlyWith("blow_up", _LOOKING)] = 2
    """Evaluations in a row before it is found."""
    mode_loss_fraction: Annotated[Fraction, OnlyWith("mode_loss", _LOOKING)] = 0.5
    """Far fewer: less than this fraction of the most modes or classes found so far."""
    mode_loss_after: Annotated[int, Field(gt=0), OnlyWith("mode_loss", _LOOKING)] = 2
    """Evaluations in a row before it is found."""
    rollback_rate: Annotated[float, Field(gt=0, le=1)] = 0.5
    """What both learning rates are multiplied by at each rollback."""
    max_rollbacks: Annotated[int, Field(ge=0)] = 3
    """Rollbacks of one run; the next trouble stops it as diverged."""
