"""Everything that was found at one checkpoint, as advice and tables read it."""

from dataclasses import dataclass, field

from equipoise.config import RunSettings
from equipoise.training.diagnosis.fresh import FreshDiscriminator
from equipoise.training.diagnosis.gradients import Gradients
from equipoise.training.diagnosis.losses import Losses
from equipoise.training.diagnosis.memorisation import Memorisation
from equipoise.training.diagnosis.modes import Modes
from equipoise.training.diagnosis.noise_scales import NoiseScales
from equipoise.training.diagnosis.path_angle import PathAngle
from equipoise.training.diagnosis.spectrum import Spectrum


@dataclass(frozen=True)
class Findings:
    """What was measured; None where it was not asked for or could not be.

    Attributes:
        run: settings of the run.
        step: of the checkpoint.
        broken: players whose weights are not finite.
        ending: (outcome, sentence) of the run; None while it goes on.
        losses: see `Losses`.
        gradients: see `Gradients`.
        noise: see `NoiseScales`.
        spectrum: see `Spectrum`.
        path: see `PathAngle`.
        probe: see `FreshDiscriminator`.
        modes: see `Modes`.
        memorisation: see `Memorisation`.
        not_measured: why not, a sentence by the name of the measurement.
    """

    run: RunSettings
    step: int
    broken: tuple[str, ...] = ()
    ending: tuple[str, str] | None = None
    losses: Losses | None = None
    gradients: Gradients | None = None
    noise: NoiseScales | None = None
    spectrum: Spectrum | None = None
    path: PathAngle | None = None
    probe: FreshDiscriminator | None = None
    modes: Modes | None = None
    memorisation: Memorisation | None = None
    not_measured: dict[str, str] = field(default_factory=dict)

    @property
    def is_stationary(self) -> bool | None:
        """Whether neither gradient is longer than the noise of the sample; None where that is not known."""
        return None if self.moving is None else not self.moving

    @property
    def moving(self) -> tuple[str, ...] | None:
        """The players whose gradients are longer than the noise of the sample; None where that is not known."""
        if self.spectrum is None:
            return None
        if self.noise is None:
            return None if self.spectrum.num_examples else self.spectrum.moving(0.0, 0.0)
        return self.spectrum.moving(self.noise.disc.noise, self.noise.gen.noise)

    @property
    def verdict(self) -> str:
        """What the game is like at the checkpoint, in a sentence or two."""
        if self.broken:
            return f"Broken: the weights of the {' and the '.join(self.broken)} are not finite."
        if self.spectrum is None:
            why = self.not_measured.get("spectrum", "The spectrum was not asked for.")
            return f"No verdict on stability. {why}"
        return self.spectrum.verdict.sentence + self._rest

    @property
    def _rest(self) -> str:
        if self.moving is None:
            return (
                " Whether the gradients are at rest here was not measured (--measure noise spectrum): where they are "
                "not, this is said of the motion near a point on the way."
            )
        if not self.moving:
            return ""
        return (
            f" The {' and the '.join(self.moving)} {'is' if len(self.moving) == 1 else 'are'} not at rest here, so "
            "that this is said of the motion near a point on the way, not of an end."
        )
