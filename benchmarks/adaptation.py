"""A round of the domain-adversarial game against a plain hand-written DANN step, side by side.

    python benchmarks/adaptation.py [--pixels 28] [--batch-size 64] [--repetitions 30] [--threads 1]

The plain step is what most repositories write: one forward of the source and one of the target, a gradient-reversal
layer before the discriminator, one sum of three cross-entropies, one backward and one optimiser over all parameters.
Ours is `Session.play_round` on the same nets and batches: one forward of both domains, two losses, two optimisers, the
moving average, the meter of losses and accuracies. Batches come from memory on both sides. The two are timed in turn,
by processor time; medians and quartiles are printed with the ratio plain / ours: above 1, ours is faster.
"""

import argparse
import statistics
import time
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from equipoise.config import RunSettings
from equipoise.config.files import merged
from equipoise.core.batches import Batch, DomainBatch
from equipoise.networks.classifiers import Classifier
from equipoise.recipes import RECIPES
from equipoise.training.session import Session


class Reversal(torch.autograd.Function):
    """The identity forwards, minus the weight backwards."""

    @staticmethod
    def forward(context: Any, features: Tensor, weight: float) -> Tensor:
        context.weight = weight
        return features.view_as(features)

    @staticmethod
    def backward(context: Any, gradient: Tensor) -> tuple[Tensor, None]:
        return -context.weight * gradient, None


class PlainDann:
    """Two forwards, one backward, one Adam."""

    def __init__(self, gen: nn.Module, disc: nn.Module, batches: Iterator[Batch], weight: float = 1.0) -> None:
        assert isinstance(gen, Classifier)
        self.gen, self.disc, self.batches, self.weight = gen, disc, batches, weight
        self.optimizer = torch.optim.Adam([*gen.parameters(), *disc.parameters()], lr=1e-3, betas=(0.5, 0.999))

    def step(self) -> None:
        """One update of everything."""
        batch = next(self.batches)
        assert isinstance(batch, DomainBatch)
        assert batch.labels is not None
        features = self.gen.features(batch.examples)
        label_loss = functional.cross_entropy(self.gen.head(features), batch.labels)
        source = self.disc(Reversal.apply(features, self.weight))
        target = self.disc(Reversal.apply(self.gen.features(batch.target), self.weight))
        ones, zeros = torch.ones_like(source), torch.zeros_like(target)
        domain_loss = functional.binary_cross_entropy_with_logits(source, ones)
        domain_loss = domain_loss + functional.binary_cross_entropy_with_logits(target, zeros)
        self.optimizer.zero_grad()
        (label_loss + domain_loss).backward()
        self.optimizer.step()


def settings_for(given: argparse.Namespace) -> RunSettings:
    """The small recipe's game on embedded data of the size asked for."""
    digits = {"source": "digits", "path": None, "resolution": given.pixels, "channels": 3}
    base = RECIPES["adapt-mnist-mnistm-small"].settings().model_dump()
    changes = {
        "data": digits,
        "target": {**digits, "texture": "smooth"},
        "division": {"test_split": None},
        "threads": given.threads,
        "game": {"adversarial_ramp": "none"},
        "training": {"batch_size": given.batch_size, "ema": 0.99},
    }
    return RunSettings.model_validate(merged(base, changes))


def seconds_of(step: Callable[[], None], rounds: int) -> float:
    """Processor seconds of a step, the mean of some."""
    started = time.process_time()
    for _ in range(rounds):
        step()
    return (time.process_time() - started) / rounds


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pixels", type=int, default=28)
    parser.add_argument("--batch-size", type=int, default=64)
    parser.add_argument("--repetitions", type=int, default=30)
    parser.add_argument("--rounds", type=int, default=5, help="rounds in a repetition")
    parser.add_argument("--threads", type=int, default=1)
    given = parser.parse_args()
    settings = settings_for(given)
    ours, other = Session(settings), Session(settings)
    plain = PlainDann(other.board.game.gen, other.board.game.disc, other.match.batches)
    steps = {"plain": plain.step, "ours": ours.play_round}
    for step in steps.values():
        seconds_of(step, 3)
    times: dict[str, list[float]] = {name: [] for name in steps}
    for _ in range(given.repetitions):
        for name, step in steps.items():
            times[name].append(1000 * seconds_of(step, given.rounds))
    for name, found in times.items():
        low, high = np.percentile(found, [25, 75])
        print(f"{name:<6} {statistics.median(found):7.2f} ms a round (quartiles {low:.2f} to {high:.2f})")
    ratios = [plain / own for plain, own in zip(times["plain"], times["ours"], strict=True)]
    low, high = np.percentile(ratios, [25, 75])
    print(f"ratio  {statistics.median(ratios):7.3f} plain / ours (quartiles {low:.3f} to {high:.3f})")


if __name__ == "__main__":
    main()
