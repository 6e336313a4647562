"""Named streams of randomness, all derived from one seed.

Each use of randomness (data order, latents, penalty mixing, evaluation) draws from a generator of its own, so that
evaluating more often does not change the training, and two arms of a study can share their latents and data order.
"""

import hashlib
from typing import Any

import torch
from torch import Tensor


def derived_seed(seed: int, name: str) -> int:
    """A 63-bit seed for the stream ``name``, independent of Python's hash randomisation."""
    digest = hashlib.sha256(f"{seed}/{name}".encode()).digest()
    return int.from_bytes(digest[:8], "big") >> 1


class Streams:
    """Generators by name, made on first use.

    Args:
        seed: the run's one seed.
        device: where the numbers are drawn; a stream is reproducible on one kind of device only.

    Attributes:
        branch: empty, or a word from which all streams are derived besides the seed; see `begin_branch`.

    >>> streams = Streams(0)
    >>> streams["latents"] is streams["latents"]
    True
    """

    def __init__(self, seed: int, device: torch.device | str = "cpu") -> None:
        self.seed = seed
        self.device = torch.device(device)
        self.branch = ""
        self._generators: dict[str, torch.Generator] = {}

    def __getitem__(self, name: str) -> torch.Generator:
        if name not in self._generators:
            self._generators[name] = torch.Generator(self.device).manual_seed(self._first_seed(name))
        return self._generators[name]

    def _first_seed(self, name: str) -> int:
        return derived_seed(self.seed, f"{name}/{self.branch}" if self.branch else name)

    def begin_branch(self, branch: str) -> None:
        """Start every stream afresh, in place, with draws that belong to the seed and ``branch`` alone."""
        self.branch = branch
        for name, generator in self._generators.items():
            generator.manual_seed(self._first_seed(name))

    def state_dict(self) -> dict[str, Tensor]:
        """The state of every stream drawn from so far."""
        return {name: generator.get_state() for name, generator in self._generators.items()}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Put every stream where it was, in place; streams that ``state`` does not name start afresh from the seed."""
        for name in self._generators.keys() - state.keys():
            self._generators[name].manual_seed(self._first_seed(name))
        for name, value in state.items():
            self[name].set_state(value)
