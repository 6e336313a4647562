"""A trained generator, loaded from a run folder to be sampled or measured again."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from equipoise.config import RunSettings
from equipoise.core.errors import UserError
from equipoise.core.seeding import derived_seed
from equipoise.data import Vocabulary
from equipoise.training.board import generate_examples, make_networks
from equipoise.training.checkpoint import load_network, load_state, read_checkpoint
from equipoise.training.lines import saved_vocabulary
from equipoise.training.machine import prepare_machine
from equipoise.training.run_folder import RunFolder


@dataclass(frozen=True)
class TrainedGenerator:
    """The averaged generator of one checkpoint.

    Attributes:
        settings: of the run.
        module: the generator, in evaluation mode.
        state: of the run at the checkpoint: step, images, seconds, example_shape, ...
        device: where it lies.
    """

    settings: RunSettings
    module: nn.Module
    state: dict[str, Any]
    device: torch.device

    @classmethod
    def load(cls, path: Path, step: int | None = None) -> "TrainedGenerator":
        """The generator of the run at ``path``: of the checkpoint of ``step``, or of the newest intact one.

        Raises:
            UserError: there is no such run or checkpoint.
        """
        folder = RunFolder.open(path)
        if folder.settings.game.kind != "generative":
            hint = "; apply its classifier with 'equipoise predict'" if folder.settings.game.adapts else ""
            raise UserError(
                f"The game {folder.settings.game.kind!r} of '{path}' has no generator to sample from{hint}."
            )
        device = prepare_machine(folder.settings)
        state, weights = read_checkpoint(
            folder.checkpoints, lambda found: (load_state(found), load_network(found, "gen_ema")), step
        )
        module = make_networks(folder.settings, tuple(state["example_shape"]), device).gen
        module.load_state_dict(weights)
        return cls(folder.settings, module.eval(), state, device)

    @property
    def vocabulary(self) -> Vocabulary | None:
        """What the symbols of generated text stand for; None of a generator of something else."""
        return saved_vocabulary(self.state)

    def generate(self, num_examples: int, generator: torch.Generator) -> Tensor:
        """Examples (N, ...) as the network makes them, images in [-1, 1], from latents drawn with ``generator``."""
        return generate_examples(self.module, self.settings, num_examples, generator)

    def sample(self, num_examples: int, seed: int, batch_size: int = 500) -> Iterator[Tensor]:
        """``num_examples`` examples on the CPU, batch by batch; the same ``seed`` gives the same ones."""
        generator = torch.Generator(self.device).manual_seed(derived_seed(seed, "samples"))
        for start in range(0, num_examples, batch_size):
            yield self.generate(min(batch_size, num_examples - start), generator).cpu()
