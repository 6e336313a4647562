"""The settings of a whole run."""

import warnings
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from equipoise.config.adaptation import AdaptationSettings
from equipoise.config.base import Settings
from equipoise.config.data import DataSettings, DivisionSettings
from equipoise.config.evaluation import EvaluationSettings
from equipoise.config.games import GameSettings
from equipoise.config.guard import GuardSettings
from equipoise.config.networks import NetworkSettings
from equipoise.config.players import PlayerSettings
from equipoise.config.training import TrainingSettings
from equipoise.core.errors import IgnoredSettingWarning

TrackerName = Literal["tensorboard", "wandb"]
SHORTEST_MEASURED = 4
"""Symbols that a line of text needs so that its 4-grams, by which checkpoints are judged, can be counted."""
_FILE_NAME = r"^[^/\\.\x00-\x1f\x7f][^/\\\x00-\x1f\x7f]*$"  # of one folder: no path, not hidden, printable


class RunSettings(Settings):
    """Everything needed to run once more what was run."""

    name: Annotated[str, Field(min_length=1, max_length=200, pattern=_FILE_NAME)] = "run"
    """Name of the run, and of its folder."""
    root: Annotated[str, Field(min_length=1, pattern=r"^[^\x00]*$")] = "runs"
    """Folder in which run folders lie."""
    seed: Annotated[int, Field(ge=0)] = 0
    """The one seed from which all randomness is derived."""
    device: str = "auto"
    """auto, cpu, cuda, cuda:1, mps, ..."""
    threads: Annotated[int, Field(ge=0)] = 0
    """CPU threads to use (0: as many as torch finds). Give runs that share a machine one each."""
    deterministic: bool = False
    """Take only algorithms that repeat bit for bit, where faster ones on an accelerator would not. On a CPU the numbers
    repeat anyhow."""
    track: tuple[TrackerName, ...] = ()
    """Send the records to trackers as well: tensorboard (files in the run folder), wandb. Each needs its package."""
    data: DataSettings = DataSettings()
    """Real examples."""
    target: DataSettings = DataSettings()
    """Examples of the domain that a domain-adversarial game adapts to; data are then those of the source."""
    division: DivisionSettings = DivisionSettings()
    """Parts of either domain for training, validation and test."""
    adaptation: AdaptationSettings = AdaptationSettings()
    """How an adapted classifier is judged."""
    network: NetworkSettings = NetworkSettings()
    """Both networks."""
    game: GameSettings = GameSettings()
    """Losses, penalty, latents."""
    disc: PlayerSettings = PlayerSettings()
    """The discriminator's optimiser."""
    gen: PlayerSettings = PlayerSettings()
    """The generator's optimiser."""
    training: TrainingSettings = TrainingSettings()
    """Rounds."""
    evaluation: EvaluationSettings = EvaluationSettings()
    """Measurements."""
    guard: GuardSettings = GuardSettings()
    """What to do when a run goes wrong."""

    @model_validator(mode="after")
    def _check_length_of_lines(self) -> Self:
        if self.data.source == "text" and self.evaluation.features == "ngrams" and self.data.length < SHORTEST_MEASURED:
            raise ValueError(
                f"Lines of {self.data.length} symbols cannot be judged by their n-grams of {SHORTEST_MEASURED}; set "
                f"data.length to {SHORTEST_MEASURED} or more, or evaluation.features to none."
            )
        return self

    @model_validator(mode="after")
    def _check_adaptation(self) -> Self:
        measures_classifiers = self.evaluation.features == "classifier"
        if measures_classifiers != self.game.adapts and (measures_classifiers or self.evaluation.features != "none"):
            remedy = "classifier or none" if self.game.adapts else "something else, or game.kind to domain-adversarial"
            raise ValueError(
                f"The game {self.game.kind!r} cannot be measured by {self.evaluation.features!r}; set "
                f"evaluation.features to {remedy}."
            )
        if not self.game.adapts:
            self._warn_if_changed("target", "division", "adaptation")
        elif not measures_classifiers:
            self._warn_of_measuring_nothing()
        return self

    def _warn_of_measuring_nothing(self) -> None:
        for name in ("judge", "probe"):
            if getattr(self.adaptation, name) != AdaptationSettings.model_fields[name].default:
                warnings.warn(
                    f"adaptation.{name}={getattr(self.adaptation, name)!r} is ignored because evaluation.features is "
                    f"'none'.",
                    IgnoredSettingWarning,
                    stacklevel=2,
                )

    @model_validator(mode="after")
    def _check_game_between_points(self) -> Self:
        if self.game.kind == "generative" or self.game.adapts:
            return self
        if self.evaluation.features != "none":
            raise ValueError(
                f"The game {self.game.kind!r} has no examples to measure; leave evaluation.features at none."
            )
        if self.training.measure_noise_every:
            raise ValueError(
                f"The game {self.game.kind!r} has no examples whose gradients could differ; leave "
                f"training.measure_noise_every at 0."
            )
        self._warn_if_changed("data", "network")
        return self

    def _warn_if_changed(self, *names: str) -> None:
        for name in names:
            if getattr(self, name) != type(self).model_fields[name].default:
                warnings.warn(
                    f"The settings of {name} are ignored because game.kind is {self.game.kind!r}.",
                    IgnoredSettingWarning,
                    stacklevel=2,
                )
