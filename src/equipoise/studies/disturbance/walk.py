"""One walk over a set of images: each batch is disturbed in every way at every level, looked at, and forgotten."""

from collections.abc import Callable

import torch
from torch import Tensor

from equipoise.config.disturb import DisturbSettings
from equipoise.core.seeding import derived_seed
from equipoise.metrics import FeatureNetwork, Moments, Protocol
from equipoise.studies.disturbance.disturbances import Disturbance
from equipoise.training.measuring.example_sets import ExampleSet, as_seen
from equipoise.training.measuring.observing import Needs, Observation

OnProgress = Callable[[str, int, int], None]
"""Called with what is being done, images done, and images in all."""


class Walk:
    """One walk over the images, and all that is gathered on it.

    Attributes:
        observations: by disturbance and place of the level; of the undisturbed images under ("none", 0).
        examples: the first images at every level, under the same keys and those of each level 0.
    """

    def __init__(
        self, network: FeatureNetwork, disturbances: list[Disturbance], settings: DisturbSettings, total: int
    ) -> None:
        self.disturbances, self._settings = disturbances, settings
        protocol = Protocol.of(network, seed=settings.seed)
        keys = [(each.name, place) for each in disturbances for place in range(1, len(each.levels))]
        self.observations = {key: Observation(network, Needs(), protocol, total) for key in [("none", 0), *keys]}
        self._generators = {
            (name, place): torch.Generator().manual_seed(derived_seed(settings.seed, f"{name}/{place}"))
            for name, place in keys
        }
        self.examples: dict[tuple[str, int], Tensor] = {}

    def over(self, images: ExampleSet, on_progress: OnProgress | None) -> None:
        """Disturb and look at every image."""
        done = 0
        for batch in images.batches(self._settings.batch_size):
            self._keep_examples(("none", 0), batch)
            self.observations["none", 0].add(batch)
            for disturbance in self.disturbances:
                self._disturb(disturbance, batch)
            done += len(batch)
            if on_progress:
                on_progress("disturbing", done, images.num_examples)

    def _disturb(self, disturbance: Disturbance, batch: Tensor) -> None:
        for place, level in enumerate(disturbance.levels[1:], start=1):
            key = (disturbance.name, place)
            disturbed = as_seen(disturbance(batch, level, self._generators[key]))
            self._keep_examples(key, disturbed)
            self.observations[key].add(disturbed)

    def _keep_examples(self, key: tuple[str, int], batch: Tensor) -> None:
        self.examples.setdefault(key, batch[: self._settings.num_examples])

    def moments(self, name: str, place: int) -> Moments:
        """Of the images at a level."""
        return self.observations[(name, place) if place else ("none", 0)].finish().moments
