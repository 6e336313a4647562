"""Time of one round of the word game, ours against the same round written by hand in plain PyTorch.

    python benchmarks/text_step.py [--width 64] [--depth 2] [--disc-steps 1] [--rounds 10] [--repeats 7]

The loops take turns in one process, on the same networks, data and settings (text-ttur-small, generator first).
The ratio printed is that of processor time, theirs / ours, over turns that follow one another: at least 1 is wanted.
"""

import argparse
import statistics
import time
from collections.abc import Callable

import torch

from equipoise.data import TextSource
from equipoise.recipes import RECIPES
from equipoise.training.session import Session


class ByHand:
    """The round as a careful person writes it: real lines made one-hot from codes, autograd, torch's Adam."""

    def __init__(self, session: Session, disc_steps: int) -> None:
        source, settings = session.board.source, session.settings
        assert isinstance(source, TextSource)
        self.codes, self.num_symbols = source.codes, len(source.vocabulary)
        self.disc, self.gen = session.board.game.disc, session.board.game.gen
        self.size, self.latent_dim, self.disc_steps = settings.training.batch_size, settings.game.latent_dim, disc_steps
        self.disc_adam, self.gen_adam = (
            torch.optim.Adam(net.parameters(), lr=1e-4, betas=(0.5, 0.9), fused=True) for net in (self.disc, self.gen)
        )

    def fake(self) -> torch.Tensor:
        lines: torch.Tensor = self.gen(torch.randn(self.size, self.latent_dim))
        return lines

    def round(self) -> None:
        loss = -self.disc(self.fake()).mean()
        self.update(self.gen, self.gen_adam, loss)
        for _ in range(self.disc_steps):
            rows = torch.randint(len(self.codes), (self.size,))
            real = torch.nn.functional.one_hot(self.codes[rows].long(), self.num_symbols).transpose(1, 2).float()
            with torch.no_grad():
                fake = self.fake()
            between = torch.lerp(real, fake, torch.rand(self.size, 1, 1)).requires_grad_()
            (slopes,) = torch.autograd.grad(self.disc(between).sum(), between, create_graph=True)
            penalty = (slopes.flatten(1).norm(dim=1) - 1).square().mean()
            loss = self.disc(fake).mean() - self.disc(real).mean() + 10 * penalty
            self.update(self.disc, self.disc_adam, loss)

    @staticmethod
    def update(net: torch.nn.Module, adam: torch.optim.Optimizer, loss: torch.Tensor) -> None:
        parameters = list(net.parameters())
        gradients = torch.autograd.grad(loss, parameters)
        for parameter, gradient in zip(parameters, gradients, strict=True):
            parameter.grad = gradient
        adam.step()


def seconds(play: Callable[[], None], rounds: int) -> float:
    started = time.process_time()
    for _ in range(rounds):
        play()
    return (time.process_time() - started) / rounds


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    for name, default in (("width", 64), ("depth", 2), ("disc-steps", 1), ("rounds", 10), ("repeats", 7)):
        parser.add_argument(f"--{name}", type=int, default=default)
    given = parser.parse_args()
    settings = RECIPES["text-ttur-small"].settings()
    network = settings.network.model_copy(update={"width": given.width, "depth": given.depth})
    training = settings.training.model_copy(update={"disc_steps": given.disc_steps})
    session = Session(settings.model_copy(update={"network": network, "training": training, "threads": 1}))
    plays = {"ours": session.play_round, "by hand": ByHand(session, given.disc_steps).round}
    for play in plays.values():
        play()
    turns = [{name: seconds(play, given.rounds) for name, play in plays.items()} for _ in range(given.repeats)]
    for name in plays:
        print(f"{name:<8} {1e3 * statistics.median(turn[name] for turn in turns):.1f} ms a round")
    ratios = sorted(turn["by hand"] / turn["ours"] for turn in turns)
    print(
        f"by hand / ours {statistics.median(ratios):.3f} [{ratios[0]:.3f}, {ratios[-1]:.3f}] over {given.repeats} turns"
    )


if __name__ == "__main__":
    main()
