"""Settings of the game that the two players play."""

from typing import Annotated, Literal

from pydantic import Field

from equipoise.config.base import OnlyWith, Settings
from equipoise.config.schedules import PositiveNumber

ObjectiveName = Literal["minimax", "nonsaturating", "least-squares", "hinge", "wasserstein", "relativistic-paired"]
PenaltyName = Literal["none", "gradient", "one-sided-gradient", "r1", "r2", "r1-r2"]
RampName = Literal["none", "sigmoid", "linear"]
KindName = Literal[
    "generative", "domain-adversarial", "bilinear", "quadratic", "general-sum", "dirac", "saddle-ttur", "saddle-cg"
]
_ANALYTIC = ("bilinear", "quadratic", "general-sum", "dirac", "saddle-ttur", "saddle-cg")
_ADAPTING = ("domain-adversarial",)
_GENERATING = ("generative",)
_WITH_TARGETS = ("minimax", "nonsaturating", "least-squares")
_PENALTIES = ("gradient", "one-sided-gradient", "r1", "r2", "r1-r2")


class GameSettings(Settings):
    """The losses of both players, the discriminator's penalty, and the generator's latents."""

    kind: KindName = "generative"
    """generative: a generator against a discriminator on data. domain-adversarial: a classifier of data and of target
    against a discriminator that tells the two domains apart by its features. The others are small games between two
    points whose dynamics are known in closed form; they need no data, and of the other settings of the game they read
    the noise, and dirac the objective and the penalty."""
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
    latent_dim: Annotated[int, Field(gt=0, le=10**6), OnlyWith("kind", _GENERATING)] = 100
    """Dimension of the latents."""
    latents: Annotated[Literal["normal", "uniform"], OnlyWith("kind", _GENERATING)] = "normal"
    """Distribution of the latents: standard normal, or uniform on [-1, 1]."""

    adversarial_weight: Annotated[float, Field(ge=0, allow_inf_nan=False), OnlyWith("kind", _ADAPTING)] = 1.0
    """lambda: weight of the domains in what the classifier minimises, beside the labels (0: labels alone)."""
    adversarial_ramp: Annotated[RampName, OnlyWith("kind", _ADAPTING)] = "none"
    """How lambda comes to its value, as a function of the part p of the rounds that is played: sigmoid, 2 / (1 +
    exp(-10 p)) - 1 (Ganin & Lempitsky 2015); linear, p; none, from the beginning."""
    weighted_disc: Annotated[bool, OnlyWith("kind", _ADAPTING)] = False
    """Let lambda multiply the discriminator's own loss as well, as where one optimiser minimises one sum."""
    conditioned: Annotated[bool, OnlyWith("kind", _ADAPTING)] = False
    """Show the discriminator the outer product of features and predictions (Long et al. 2018, CDAN)."""

    information_weight: Annotated[float, Field(ge=0, allow_inf_nan=False), OnlyWith("kind", _ADAPTING)] = 0.0
    """Weight, in units of lambda, of the mutual information between examples of the target and their predicted classes,
    which the classifier then maximises (Shi & Sha 2012; 0: not at all)."""

    @property
    def adapts(self) -> bool:
        """Whether a classifier is adapted to another domain."""
        return self.kind in _ADAPTING

    @property
    def smooths_labels(self) -> bool:
        """Whether real examples get another target than 1."""
        return self.objective in _WITH_TARGETS and self.real_target != 1
