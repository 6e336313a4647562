"""Live trackers: whatever is written to the run folder is sent on to TensorBoard or Weights & Biases as well.

A tracker is an `equipoise.training.observer.Observer`. Its package is an optional extra, imported when it is asked for.
The records on disk are complete without it, so its failures are said once and cost the run nothing.
"""

from equipoise.training.trackers.build import TRACKERS, with_trackers
from equipoise.training.trackers.unfailing import Unfailing

__all__ = ["TRACKERS", "Unfailing", "with_trackers"]
