"""Settings of a diagnosis: which checkpoints, what is measured there, and how much it may cost."""

from typing import Annotated, Literal

from pydantic import Field

from equipoise.config.base import Settings

MeasurementName = Literal["losses", "gradients", "noise", "spectrum", "path", "probe", "modes", "memorisation"]
MEASUREMENT_NAMES: tuple[MeasurementName, ...] = (
    "losses",
    "gradients",
    "noise",
    "spectrum",
    "path",
    "probe",
    "modes",
    "memorisation",
)


class DiagnosisSettings(Settings):
    """What to measure at a checkpoint. Nothing of the run is changed."""

    step: tuple[Annotated[int, Field(ge=0)], ...] = ()
    """Checkpoints to look at (default: the newest)."""
    measure: tuple[MeasurementName, ...] = MEASUREMENT_NAMES
    """What to measure (default: everything)."""
    seed: Annotated[int, Field(ge=0)] = 0
    """Seed of the batches, latents and starting vectors; the same seed gives the same numbers."""
    num_batches: Annotated[int, Field(ge=2, le=10**6)] = 16
    """Batches of the run's size for losses, gradients and noise."""
    num_samples: Annotated[int, Field(ge=20, le=10**7)] = 2000
    """Generated examples for modes and memorisation."""
    jacobian_batches: Annotated[int, Field(ge=1, le=10**6)] = 1
    """Batches of the run's size on which eigenvalues and the path-angle are taken; time and memory grow with them."""
    num_eigenvalues: Annotated[int, Field(ge=1, le=100)] = 4
    """Eigenvalues to find at each end of each spectrum."""
    dense_up_to: Annotated[int, Field(ge=2, le=20_000)] = 500
    """Parameters of both players together up to which all eigenvalues are computed from the whole matrix."""
    max_products: Annotated[int, Field(ge=50, le=10**9)] = 600
    """Products with the Jacobian or a Hessian that the search for one end of a spectrum may take; one for the
    largest magnitude comes first, and residuals come on top."""
    accuracy: Annotated[float, Field(gt=0, lt=1)] = 1e-3
    """Of eigenvalues, relative to the largest."""
    path_from: Annotated[int, Field(ge=0)] | None = None
    """Checkpoint at which the path of the path-angle begins (default: the weights that the run began with)."""
    path_points: Annotated[int, Field(ge=5, le=10_000)] = 41
    """Points of the path."""
    probe_rounds: Annotated[int, Field(ge=1, le=10**9)] = 300
    """Updates of the fresh discriminator."""
