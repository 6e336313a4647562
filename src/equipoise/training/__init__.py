"""Training: the one room where players, losses, optimisers, schedules and data meet.

``train`` and ``resume`` play a run and keep its folder; ``TrainedGenerator``, ``TrainedClassifier`` and ``measure`` use
what came out of it; ``compare`` measures any two sets of examples, ``compare_text`` any two text files; ``diagnose``
measures the game of a run.
"""

from equipoise.training.adapting.trained import TrainedClassifier
from equipoise.training.diagnosis import diagnose
from equipoise.training.measuring.comparison import Comparison, compare
from equipoise.training.measuring.measure import measure
from equipoise.training.measuring.named_sets import Reading
from equipoise.training.measuring.text_files import compare_text
from equipoise.training.observer import Observer
from equipoise.training.run_folder import RunFolder
from equipoise.training.runs import resume, train
from equipoise.training.trained import TrainedGenerator

__all__ = [
    "Comparison",
    "Observer",
    "Reading",
    "RunFolder",
    "TrainedClassifier",
    "TrainedGenerator",
    "compare",
    "compare_text",
    "diagnose",
    "measure",
    "resume",
    "train",
]
