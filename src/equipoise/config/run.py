"""The settings of a whole run."""

from typing import Annotated

from pydantic import Field

from equipoise.config.base import Settings
from equipoise.config.data import DataSettings
from equipoise.config.evaluation import EvaluationSettings
from equipoise.config.games import GameSettings
from equipoise.config.networks import NetworkSettings
from equipoise.config.players import PlayerSettings
from equipoise.config.training import TrainingSettings


class RunSettings(Settings):
    """Everything needed to run once more what was run."""

    name: Annotated[str, Field(min_length=1, pattern=r"^[^/\\]*$")] = "run"
    """Name of the run, and of its folder."""
    root: str = "runs"
    """Folder in which run folders lie."""
    seed: Annotated[int, Field(ge=0)] = 0
    """The one seed from which all randomness is derived."""
    device: str = "auto"
    """auto, cpu, cuda, cuda:1, mps, ..."""
    threads: Annotated[int, Field(ge=0)] = 0
    """CPU threads to use (0: as many as torch finds). Give runs that share a machine one each."""
    data: DataSettings = DataSettings()
    """Real examples."""
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
