"""Settings of what `equipoise flow` draws: a portrait of a game, the laboratory, the limit of training."""

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from equipoise.config.base import OnlyWith, Settings
from equipoise.config.games import ObjectiveName, PenaltyName

SchemeName = Literal[
    "explicit", "alternating", "minimising", "minimising-alternating", "implicit", "extragradient", "reference"
]
CureName = Literal[
    "none", "smaller-steps", "slower-critic", "damping", "replay", "implicit", "extragradient", "averaging"
]
PortraitGame = Literal["rotation", "bilinear", "quadratic", "general-sum", "dirac", "saddle-ttur", "saddle-cg"]
Name = Annotated[str, Field(min_length=1, pattern=r"^[^/\\.][^/\\]*$")]
Positive = Annotated[float, Field(gt=0, allow_inf_nan=False)]
Count = Annotated[int, Field(gt=0)]
_PENALISED = ("gradient", "one-sided-gradient", "r1", "r2", "r1-r2")


def _require_a_step(time: float, name: str, step: float) -> None:
    if time < step:
        raise ValueError(f"time was given as {time:g}, too short for one step of {name}={step:g}; give a longer time.")


class FlowSettings(Settings):
    """What all flows share: where their folder lies."""

    name: Name = "flow"
    """Name of the folder that is made."""
    root: str = "flows"
    """Folder in which it is made."""
    seed: Annotated[int, Field(ge=0)] = 0
    """The one seed from which all randomness is derived."""


class PortraitSettings(FlowSettings):
    """A game between two numbers: all schemes over its vector field, and how fast they approach the flow."""

    game: PortraitGame = "rotation"
    """The game; rotation is two: bilinear, and the same with a little damping."""
    tau: Positive = 0.25
    """Step of the trajectories that are drawn."""
    time: Positive = 25.0
    """How long they are (a turn of the bilinear game takes 6.28)."""
    ratio: Positive = 1.0
    """Time-scale ratio r: how many times as fast the discriminator moves."""
    best_response: bool = False
    """The limit r = infinity: the discriminator always stands at its best response."""
    schemes: tuple[SchemeName, ...] = (
        "explicit", "alternating", "minimising", "minimising-alternating", "implicit", "extragradient",
    )  # fmt: skip
    """Schemes to play; the reference is always drawn."""
    order_time: Positive = 6.283185307179586
    """Time at which errors are taken for the order of convergence (one turn of the bilinear game)."""
    order_steps: tuple[Annotated[int, Field(gt=0)], ...] = (80, 160, 320)
    """Numbers of steps that the order is seen from; none: no order."""
    tolerance: Positive = 1e-10
    """Of the equations that implicit schemes solve, relative to 1 + the size of the unknown."""
    max_evaluations: Count = 200
    """Of the velocity, for one such equation."""
    clip: Annotated[float, Field(gt=0)] | None = None
    """Keep the discriminator in [-clip, clip], as in the first WGAN."""
    damping: Annotated[float, Field(ge=0, allow_inf_nan=False), OnlyWith("game", ("rotation", "quadratic"))] = 0.1
    """Curvature l of l/2 x^2 + xy - l/2 y^2."""
    objective: Annotated[ObjectiveName, OnlyWith("game", ("dirac",))] = "nonsaturating"
    """Losses of the Dirac-GAN."""
    penalty: Annotated[PenaltyName, OnlyWith("game", ("dirac",))] = "none"
    """Penalty of the Dirac-GAN."""
    penalty_weight: Annotated[float, Field(gt=0), OnlyWith("penalty", _PENALISED)] = 1.0
    """Weight of the penalty."""

    @model_validator(mode="after")
    def _check_steps(self) -> Self:
        _require_a_step(self.time, "tau", self.tau)
        if self.order_steps and len(set(self.order_steps)) < 3:
            raise ValueError(
                f"order_steps was given as {self.order_steps}, but an order needs three different numbers."
            )
        return self


class LaboratorySettings(FlowSettings):
    """Mode collapse with particles: an illness of the critic, and cures of it."""

    data: Literal["ring", "grid"] = "ring"
    """ring: 8 Gaussians on a circle of radius 2. grid: 25, spaced 2 apart."""
    std: Positive = 0.2
    """Standard deviation of each."""
    illness: Literal["memoryless", "unforgetting"] = "memoryless"
    """memoryless: the critic is at its best response, strong, and steps are long. unforgetting: the critic is fast and
    undamped, the sum of all that was ever wrong."""
    cures: tuple[CureName, ...] = (
        "none", "smaller-steps", "slower-critic", "damping", "replay", "implicit", "extragradient", "averaging",
    )  # fmt: skip
    """What to try, each alone against the illness; none: the illness itself."""
    num_particles: Annotated[int, Field(gt=1)] = 256
    """Particles of the generator."""
    num_data: Annotated[int, Field(gt=1)] = 2000
    """Points of the data."""
    num_frequencies: Annotated[int, Field(gt=2)] = 128
    """Random Fourier frequencies of the critic's kernel."""
    bandwidths: tuple[Positive, ...] = (0.5, 1.0, 2.0)
    """Scales of the kernel, in units of the points."""
    start_std: Positive = 0.05
    """Standard deviation of the cloud at the beginning, around the origin."""
    tau: Positive = 0.1
    """Step of the illness."""
    time: Positive = 40.0
    """How long to play."""
    num_seeds: Count = 3
    """Seeds to play, from `seed` on."""
    frames: Annotated[int, Field(gt=3)] = 100
    """Times at which modes are counted, equally spaced."""
    animate: bool = True
    """Draw an animation of the first seed."""

    @model_validator(mode="after")
    def _check_steps(self) -> Self:
        _require_a_step(self.time, "tau", self.tau)
        return self


class LimitSettings(FlowSettings):
    """The same game trained at smaller and smaller rates from one point, for the same time, against its flow."""

    recipe: str = "dirac"
    """A recipe, or a game between points. Its optimisers become sgd, its decays constant."""
    lr: Positive = 0.2
    """Largest learning rate of the generator: the longest step."""
    ratio: Positive = 1.0
    """The discriminator's learning rate over the generator's."""
    halvings: Annotated[int, Field(gt=1)] = 4
    """How often the rate is halved."""
    time: Positive = 10.0
    """Rate times rounds, the same for all rates."""
    order: Literal["alternating", "simultaneous", "extragradient"] = "alternating"
    """Update order of training."""
    num_examples: Annotated[int, Field(gt=1)] = 128
    """Real examples, and latents, of the game: the sample whose losses define the flow."""
    batch_sizes: tuple[Annotated[int, Field(gt=0)], ...] = (4, 16, 64)
    """Minibatch sizes at the smallest rate, each over `num_seeds` seeds; none: no noise."""
    num_seeds: Count = 5
    """Seeds of the minibatches."""
    width: Count = 16
    """Units of each layer of the networks (mlp)."""

    @model_validator(mode="after")
    def _check_steps(self) -> Self:
        _require_a_step(self.time, "lr", self.lr)
        return self
