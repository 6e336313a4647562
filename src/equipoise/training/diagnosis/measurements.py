"""The registry of measurements: each a function of a `Position`, returning a frozen record of plain numbers.

A measurement leaves the session as it was, bit for bit, gives the same numbers for the same seed, and raises
`NotMeasuredError` with a sentence where it does not apply. `tests/training/diagnosis/test_conformance.py` holds each to
that.
"""

from collections.abc import Callable
from typing import Any

from equipoise.training.diagnosis.fresh import measure_fresh
from equipoise.training.diagnosis.gradients import measure_gradients
from equipoise.training.diagnosis.losses import measure_losses
from equipoise.training.diagnosis.memorisation import measure_memorisation
from equipoise.training.diagnosis.modes import measure_modes
from equipoise.training.diagnosis.noise_scales import measure_noise
from equipoise.training.diagnosis.path_angle import measure_path
from equipoise.training.diagnosis.position import Position
from equipoise.training.diagnosis.spectrum import measure_spectrum

MEASUREMENTS: dict[str, Callable[[Position], Any]] = {
    "losses": measure_losses,
    "gradients": measure_gradients,
    "noise": measure_noise,
    "spectrum": measure_spectrum,
    "path": measure_path,
    "probe": measure_fresh,
    "modes": measure_modes,
    "memorisation": measure_memorisation,
}
