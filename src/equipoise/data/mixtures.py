"""Gaussian mixtures in the plane, the classical test of mode collapse: points drawn afresh for every batch.

`ring` has 8 centres on a circle of radius 2, `grid` 25 centres from -4 to 4 in steps of 2. A metric of modes needs
`Mixture.centres` and `Mixture.std`; it is not computed here.
"""

import hashlib
import math
from collections.abc import Iterator
from typing import Any

import torch
from torch import Tensor

from equipoise.core.batches import Batch
from equipoise.core.tensors import sha256_of_tensor
from equipoise.data.source import Loader, Source

REFERENCE_SIZE = 50_000
"""Points that `Mixture.ordered` gives, as many as the usual reference set of a Fréchet distance."""
_REFERENCE_SEED = 0
_GENERATOR = "generator"


def ring_centres() -> Tensor:
    """Centres (8, 2) on the circle of radius 2, the first at angle 0."""
    angles = [2 * math.pi * k / 8 for k in range(8)]
    return torch.tensor([[2 * math.cos(angle), 2 * math.sin(angle)] for angle in angles], dtype=torch.float32)


def grid_centres() -> Tensor:
    """Centres (25, 2) of the 5 x 5 grid over [-4, 4].

    >>> grid_centres()[:2]
    tensor([[-4., -4.],
            [-4., -2.]])
    """
    side = torch.arange(-4, 5, 2, dtype=torch.float32)
    return torch.cartesian_prod(side, side)


class Mixture(Source):
    """Equal parts of round Gaussians; the label of a point is the index of its component.

    Args:
        name: what a person calls the mixture.
        centres: (K, D) float32.
        std: standard deviation of each component in each direction, above 0.
    """

    def __init__(self, name: str, centres: Tensor, std: float) -> None:
        self.name, self.centres, self.std = name, centres, std
        self.example_shape = (centres.shape[1],)
        self.num_examples = None

    def fingerprint(self) -> str:
        """SHA-256 over centres, standard deviation, and how many points `ordered` draws from which seed."""
        drawn = f"{REFERENCE_SIZE} {_REFERENCE_SEED}"
        return hashlib.sha256(f"{sha256_of_tensor(self.centres)} {self.std!r} {drawn}".encode()).hexdigest()

    def sample(self, num_points: int, generator: torch.Generator) -> Batch:
        """Fresh points (N, D) and components (N,), on the device of the centres."""
        centres, on = self.centres, generator.device
        component = torch.randint(len(centres), (num_points,), generator=generator, device=on).to(centres.device)
        noise = torch.randn((num_points, centres.shape[1]), generator=generator, device=on).to(centres.device)
        return Batch(torch.add(centres[component], noise, alpha=self.std), component)

    def batches(
        self,
        batch_size: int,
        generator: torch.Generator,
        device: torch.device | None = None,
        memory_format: torch.memory_format = torch.contiguous_format,
    ) -> "MixtureLoader":
        """See `Source.batches`; any batch size will do."""
        centres = self.centres.to(device or generator.device)
        return MixtureLoader(Mixture(self.name, centres, self.std), batch_size, generator)

    def ordered(self, batch_size: int, device: torch.device) -> Iterator[Batch]:
        """`REFERENCE_SIZE` points, drawn on the CPU so that they are the same on every device."""
        on_cpu = Mixture(self.name, self.centres.cpu(), self.std)
        points, components = on_cpu.sample(REFERENCE_SIZE, torch.Generator().manual_seed(_REFERENCE_SEED))
        assert components is not None
        for start in range(0, REFERENCE_SIZE, batch_size):
            rows = slice(start, start + batch_size)
            yield Batch(points[rows].to(device), components[rows].to(device))


class MixtureLoader(Loader):
    """Fresh points without end; made by `Mixture.batches`."""

    def __init__(self, mixture: Mixture, batch_size: int, generator: torch.Generator) -> None:
        self._mixture, self._batch_size, self._generator = mixture, batch_size, generator

    def __next__(self) -> Batch:
        return self._mixture.sample(self._batch_size, self._generator)

    def state_dict(self) -> dict[str, Any]:
        """The generator's state."""
        return {_GENERATOR: self._generator.get_state()}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """See `Loader.load_state_dict`; any batch size may take the state up."""
        self._generator.set_state(state[_GENERATOR])
