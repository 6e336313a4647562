"""Settings of the rounds: order, length, precision, and what is written when."""

from typing import Annotated, Literal

from pydantic import Field

from equipoise.config.base import OnlyWith, Settings
from equipoise.config.schedules import FractionNumber

PlainOrderName = Literal[
    "alternating", "alternating-gen-first", "simultaneous", "extragradient", "past-extragradient", "optimistic"
]
OrderName = Literal[PlainOrderName, "lookahead"]
_EXTRAPOLATING = ("extragradient", "past-extragradient", "lookahead")
Count = Annotated[int, Field(gt=0, le=10**12)]


class TrainingSettings(Settings):
    """How rounds are played. A round is one generator update with its discriminator updates."""

    steps: Count = 6000
    """Rounds to play."""
    batch_size: Annotated[int, Field(gt=1, le=10**7)] = 64
    """Real examples, and generated ones, per update."""
    order: OrderName = "alternating"
    """Who updates first, or both at the same point, plainly or along a gradient that looks ahead."""
    extrapolation: Annotated[float, Field(ge=0, allow_inf_nan=False), OnlyWith("order", _EXTRAPOLATING)] = 1.0
    """Length of the extrapolation relative to an update (Gidel et al. 2019: 1; 0: simultaneous updates)."""
    lookahead_over: Annotated[PlainOrderName, OnlyWith("order", ("lookahead",))] = "alternating"
    """The order that lookahead wraps."""
    lookahead_every: Annotated[int, Field(gt=0, le=10**12), OnlyWith("order", ("lookahead",))] = 5
    """Rounds between two steps back of lookahead (Chavdarova et al. 2021: k = 5)."""
    lookahead_weight: Annotated[float, Field(gt=0, le=1), OnlyWith("order", ("lookahead",))] = 0.5
    """How much of the way of these rounds lookahead keeps, for both players (1: all of it)."""
    disc_steps: Count = 1
    """Discriminator updates per round."""
    ema: FractionNumber = 0.999
    """Decay per round of the generator's moving average, which is what gets sampled and evaluated (0: no average). A
    number, or a schedule such as {value: 0.99, decay: linear, final: 1.009}."""
    precision: Literal["fp32", "bf16"] = "fp32"
    """bf16 runs both networks under autocast; penalties stay in fp32."""
    channels_last: bool = True
    """Keep images and convolutions in the layout that is fastest for convolutions."""
    log_every: Count = 100
    """Rounds between two lines of metrics.jsonl; losses are read from the device only then."""
    measure_noise_every: Annotated[int, Field(ge=0)] = 0
    """Rounds between two measurements of both players' gradient noise, which change nothing (0: none; 200 costs less
    than 2 %)."""
    sample_every: Count = 1000
    """Rounds between two sample pictures."""
    checkpoint_every: Count = 1000
    """Rounds between two checkpoints."""
    keep_checkpoints: Count = 2
    """Newest checkpoints to keep; the best by distance is kept as well."""
