"""The typed settings of every part, as data: pydantic alone, no torch, so that help is instant.

A run is described by one frozen `RunSettings`; each part is built from its own settings by one function beside it.
"""

from equipoise.config.adaptation import AdaptationSettings
from equipoise.config.data import DataSettings, DivisionSettings
from equipoise.config.evaluation import EvaluationSettings
from equipoise.config.games import GameSettings
from equipoise.config.guard import GuardSettings
from equipoise.config.networks import NetworkSettings
from equipoise.config.players import PlayerSettings
from equipoise.config.run import RunSettings
from equipoise.config.schedules import DecaySettings, ScheduledNumber, ScheduleSettings
from equipoise.config.training import TrainingSettings

__all__ = [
    "AdaptationSettings",
    "DataSettings",
    "DecaySettings",
    "DivisionSettings",
    "EvaluationSettings",
    "GameSettings",
    "GuardSettings",
    "NetworkSettings",
    "PlayerSettings",
    "RunSettings",
    "ScheduleSettings",
    "ScheduledNumber",
    "TrainingSettings",
]
