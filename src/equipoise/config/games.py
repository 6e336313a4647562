"""Settings of the game that the two players play."""

from typing import Annotated, Literal

from pydantic import Field

from equipoise.config.base import OnlyWith, Settings
from equipoise.config.schedules import PositiveNumber

ObjectiveName = Literal["minimax", "nonsaturating", "least-squares", "hinge", "wasserstein", "relativistic-paired"]
PenaltyName = Literal["none", "gradient", "one-sided-gradient", "r1", "r2", "r1-r2"]
KindName = Literal["generative", "bilinear", "quadratic", "general-sum", "dirac", "saddle-ttur", "saddle-cg"]
_ANALYTIC = ("bilinear", "quadratic", "general-sum", "dirac", "saddle-ttur", "saddle-cg")
_WITH_TARGETS = ("minimax", "nonsaturating", "least-squares")
_PENALTIES = ("gradient", "one-sided-gradient", "r1", "r2", "r1-r2")


class GameSettings(Settings):
    """The losses of both players, the discriminator's penalty, and the generator's latents."""

    kind: KindName = "generative"
    """generative: a generator against a discriminator on data. The others are small games between two points whose
    dynamics are known in closed form; they need no data, and of the other settings of the game they read the noise,
    and dirac the objective and the penalty."""
    noise: Annotated[float, Field(ge=0), OnlyWith("kind", _ANALYTIC)] = 0.0
    """Standard deviation of the noise on every gradient of a game between two points."""
    objective: ObjectiveName = "nonsaturating"
    """Losses of both players."""
    real_target: Annotated[float, Field(gt=0, le=1), OnlyWith("objective", _WITH_TARGETS)] = 1.0
    """What the discriminator should say of real examples: 0.9 is one-sided label smoothing (Salimans et al. 2016)."""
    penalty: PenaltyName = "none"
    """Gradient penalty of the discriminator: WGAN-GP's (two-sided or one-sided), R1, R2 or both."""
    penalty_weight: Annotated[PositiveNumber, OnlyWith("penalty", _PENALTIES)] = 10.0
    """Weight of the penalty: lambda of WGAN-GP, gamma of R1 and R2 (which carry a factor 1/2 themselves). A number, or
    a schedule such as {value: 10, decay: linear, final: 0.1}."""
    clip: Annotated[float, Field(gt=0)] | None = None
    """Clip every discriminator weight to [-clip, clip] after its update, as in the first WGAN."""
    latent_dim: Annotated[int, Field(gt=0, le=10**6)] = 100
    """Dimension of the latents."""
    latents: Literal["normal", "uniform"] = "normal"
    """Distribution of the latents: standard normal, or uniform on [-1, 1]."""

    @property
    def smooths_labels(self) -> bool:
        """Whether real examples get another target than 1."""
        return self.objective in _WITH_TARGETS and self.real_target != 1
