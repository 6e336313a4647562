"""Time of one training round, DCGAN at 32 pixels in colour, batch 64: ours against two loops written by hand.

    python benchmarks/train_step.py [--widths 32 64] [--rounds 20] [--repeats 7] [--data FOLDER]

(a) *lean*: the same round written out in plain PyTorch as lean as we can, at the same settings: what our loop costs.
(b) *tutorial*: what most scripts do: three backward passes, contiguous tensors, gradients for the opponent, a
    for-loop Adam, ``.item()`` on every loss of every step. Against it we run our default settings.

The loops take turns; ratios are of turns that follow one another. The tutorial's loop has a process of its own, because
ours tells the allocator of its process to keep freed memory, which a script would not. Quality stands beside speed:
losses of ours and of the tutorial, trained apart from the same data, have to agree in distribution. The floating-point
rate achieved is compared with what this machine reaches on its best convolution and matrix product.
"""

import argparse
import contextlib
import multiprocessing
import statistics
import tempfile
import time
from collections.abc import Callable
from functools import partial
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Protocol

import torch
from PIL import Image
from torch import nn
from torch.nn import functional
from torch.nn.utils import convert_conv2d_weight_memory_format
from torch.utils.flop_counter import FlopCounterMode

from equipoise.config import DataSettings, EvaluationSettings, NetworkSettings, PlayerSettings, RunSettings
from equipoise.data import build_source
from equipoise.training.session import Session

BATCH_SIZE, LATENT_DIM = 64, 100
RATE, BETAS = 2e-4, (0.5, 0.999)


class Loop(Protocol):
    """What is timed."""

    def round(self) -> None:
        """Update both players."""


def settings_for(width: int, source: DataSettings) -> RunSettings:
    """Our default settings at one width."""
    player = PlayerSettings(lr=RATE, betas=BETAS)
    return RunSettings(
        data=source,
        network=NetworkSettings(architecture="dcgan", width=width),
        disc=player,
        gen=player,
        evaluation=EvaluationSettings(features="none"),
    )


def data_settings(data: Path | None, folder: Path) -> DataSettings:
    """CIFAR-10 where it is at hand, otherwise pictures of noise of its shape."""
    if data:
        return DataSettings(source="table", path=str(data))
    noise = torch.randint(256, (4 * BATCH_SIZE, 32, 32, 3), dtype=torch.uint8)
    for number, pixels in enumerate(noise):
        Image.fromarray(pixels.numpy()).save(folder / f"{number}.png")
    return DataSettings(source="folder", path=str(folder))


class OurLoop:
    """A round of `equipoise.training`."""

    def __init__(self, settings: RunSettings) -> None:
        self.session = Session(settings)

    def round(self) -> None:
        self.session.play_round()

    def losses(self) -> tuple[float, float]:
        read = self.session.meter.read()
        return read["disc_loss"], read["gen_loss"]


class LeanLoop:
    """The same round, written out: two gradient calls, one generated batch, fused Adam, no host read."""

    def __init__(self, settings: RunSettings) -> None:
        session = Session(settings)
        self.disc, self.gen = session.board.game.disc, session.board.game.gen
        self.average = session.average.module
        self.disc_weights, self.gen_weights = list(self.disc.parameters()), list(self.gen.parameters())
        self.disc_adam = torch.optim.Adam(self.disc_weights, lr=RATE, betas=BETAS, fused=True)
        self.gen_adam = torch.optim.Adam(self.gen_weights, lr=RATE, betas=BETAS, fused=True)
        self.batches, self.noise = session.board.loader, torch.Generator().manual_seed(0)
        floats = [buffer for buffer in self.gen.buffers() if buffer.is_floating_point()]
        self.followed = self.gen_weights + floats
        mine = [buffer for buffer in self.average.buffers() if buffer.is_floating_point()]
        self.following = list(self.average.parameters()) + mine

    def round(self) -> None:
        real = next(self.batches).examples
        fake = self.gen(torch.randn(BATCH_SIZE, LATENT_DIM, generator=self.noise))
        on_real, on_fake = self.disc(real), self.disc(fake.detach())
        disc_loss = functional.softplus(-on_real).mean() + functional.softplus(on_fake).mean()
        for weight, slope in zip(self.disc_weights, torch.autograd.grad(disc_loss, self.disc_weights), strict=True):
            weight.grad = slope if slope.stride() == weight.stride() else torch.empty_like(weight).copy_(slope)
        self.disc_adam.step()
        gen_loss = functional.softplus(-self.disc(fake)).mean()
        for weight, slope in zip(self.gen_weights, torch.autograd.grad(gen_loss, self.gen_weights), strict=True):
            weight.grad = slope if slope.stride() == weight.stride() else torch.empty_like(weight).copy_(slope)
        self.gen_adam.step()
        with torch.no_grad():
            torch._foreach_lerp_(self.following, self.followed, 0.001)


class TutorialLoop:
    """The loop of most scripts, with the modules they use: transposed convolution from one pixel, sigmoid and BCE."""

    def __init__(self, settings: RunSettings) -> None:
        torch.manual_seed(settings.seed)
        self.disc, self.gen = tutorial_networks(settings.network.width)
        self.disc_adam = torch.optim.Adam(self.disc.parameters(), lr=RATE, betas=BETAS)
        self.gen_adam = torch.optim.Adam(self.gen.parameters(), lr=RATE, betas=BETAS)
        source = build_source(settings.data, torch.device("cpu"))
        self.batches = source.batches(BATCH_SIZE, torch.Generator().manual_seed(settings.seed))
        self.criterion = nn.BCELoss()
        self.history: list[tuple[float, float]] = []

    def round(self) -> None:
        real = next(self.batches).examples.contiguous()
        ones, zeros = torch.ones(BATCH_SIZE), torch.zeros(BATCH_SIZE)
        self.disc.zero_grad()
        on_real = self.criterion(self.disc(real).view(-1), ones)
        on_real.backward()
        fake = self.gen(torch.randn(BATCH_SIZE, LATENT_DIM, 1, 1))
        on_fake = self.criterion(self.disc(fake.detach()).view(-1), zeros)
        on_fake.backward()
        self.disc_adam.step()
        self.gen.zero_grad()
        gen_loss = self.criterion(self.disc(fake).view(-1), ones)
        gen_loss.backward()
        self.gen_adam.step()
        self.history.append((on_real.item() + on_fake.item(), gen_loss.item()))

    def losses(self) -> tuple[float, float]:
        disc, gen = (statistics.fmean(column) for column in zip(*self.history, strict=True))
        self.history.clear()
        return disc, gen


def tutorial_networks(width: int) -> tuple[nn.Module, nn.Module]:
    """The 32-pixel DCGAN pair as tutorials write it; the same function class and first weights' law as ours."""

    def down(ins: int, outs: int) -> list[nn.Module]:
        return [nn.Conv2d(ins, outs, 4, 2, 1, bias=False), nn.BatchNorm2d(outs), nn.LeakyReLU(0.2, inplace=True)]

    def up(ins: int, outs: int, stride: int = 2, padding: int = 1) -> list[nn.Module]:
        convolution = nn.ConvTranspose2d(ins, outs, 4, stride, padding, bias=False)
        return [convolution, nn.BatchNorm2d(outs), nn.ReLU(inplace=True)]

    first = [nn.Conv2d(3, width, 4, 2, 1, bias=False), nn.LeakyReLU(0.2, inplace=True)]
    head = [nn.Conv2d(4 * width, 1, 4, 1, 0, bias=False), nn.Sigmoid()]
    disc = nn.Sequential(*first, *down(width, 2 * width), *down(2 * width, 4 * width), *head)
    tail = [nn.ConvTranspose2d(width, 3, 4, 2, 1, bias=False), nn.Tanh()]
    gen = nn.Sequential(*up(LATENT_DIM, 4 * width, 1, 0), *up(4 * width, 2 * width), *up(2 * width, width), *tail)
    for module in (*disc.modules(), *gen.modules()):
        if isinstance(module, nn.Conv2d | nn.ConvTranspose2d):
            nn.init.normal_(module.weight, 0.0, 0.02)
        elif isinstance(module, nn.BatchNorm2d):
            nn.init.normal_(module.weight, 1.0, 0.02)
    return disc, gen


class Elsewhere:
    """A tutorial loop in a process of its own that plays rounds when it is told to."""

    def __init__(self, settings: RunSettings) -> None:
        context = multiprocessing.get_context("spawn")
        self._here, there = context.Pipe()
        self._process = context.Process(target=serve_tutorial, args=(settings, there), daemon=True)
        self._process.start()

    def __call__(self, num_rounds: int) -> float:
        self._here.send(num_rounds)
        seconds: float = self._here.recv()
        return seconds


def serve_tutorial(settings: RunSettings, pipe: Connection) -> None:
    """Answer each number of rounds with the mean seconds of a round, until the other end is gone."""
    loop = TutorialLoop(settings)
    with contextlib.suppress(EOFError):
        while True:
            pipe.send(seconds_per_round(loop, pipe.recv()))


def seconds_per_round(loop: Loop, num_rounds: int) -> float:
    """Mean seconds of a round over one turn."""
    started = time.perf_counter()
    for _ in range(num_rounds):
        loop.round()
    return (time.perf_counter() - started) / num_rounds


Play = Callable[[int], float]


def in_turns(plays: dict[str, Play], num_rounds: int, num_repeats: int) -> dict[str, list[float]]:
    """Seconds per round of every loop, turn by turn, so that a drift of the machine meets all alike."""
    for play in plays.values():
        play(5)
    times: dict[str, list[float]] = {name: [] for name in plays}
    for _ in range(num_repeats):
        for name, play in plays.items():
            times[name].append(play(num_rounds))
    return times


def ratio(times: dict[str, list[float]], one: str, other: str) -> str:
    """Median, least and largest of the turn-by-turn ratios of two loops."""
    ratios = sorted(a / b for a, b in zip(times[one], times[other], strict=True))
    return f"{statistics.median(ratios):.3f} [{ratios[0]:.3f}, {ratios[-1]:.3f}]"


def floating_point_operations(loop: Loop) -> int:
    """Multiplications and additions of one round, as torch counts them."""
    with FlopCounterMode(display=False) as counter:
        loop.round()
    return int(counter.get_total_flops())


def peak_rate() -> float:
    """The highest rate (operations per second) of a matrix product and of convolutions of this machine, measured."""
    product = torch.rand(2048, 2048)
    candidates: list[tuple[Callable[[], torch.Tensor], int]] = [(lambda: product @ product, 2 * 2048**3)]
    for channels in (64, 128, 256):
        images = torch.rand(64, channels, 16, 16).contiguous(memory_format=torch.channels_last)
        layer = nn.Conv2d(channels, channels, 3, padding=1)
        convert_conv2d_weight_memory_format(layer, torch.channels_last)
        candidates.append((partial(layer, images), 2 * 64 * 256 * 9 * channels**2))
    rates = []
    with torch.inference_mode():
        for run, operations in candidates:
            run()
            for _ in range(10):
                started = time.perf_counter()
                run()
                rates.append(operations / (time.perf_counter() - started))
    return max(rates)


def compare_losses(settings: RunSettings, num_rounds: int, every: int) -> None:
    """Losses of both loops on the same data, averaged over intervals, for three seeds each."""
    curves: dict[str, list[list[tuple[float, float]]]] = {"ours": [], "tutorial": []}
    for seed in range(3):
        seeded = settings.model_copy(update={"seed": seed})
        loops: dict[str, OurLoop | TutorialLoop] = {"ours": OurLoop(seeded), "tutorial": TutorialLoop(seeded)}
        for name, loop in loops.items():
            curve = []
            for _ in range(num_rounds // every):
                seconds_per_round(loop, every)
                curve.append(loop.losses())
            curves[name].append(curve)
    print(f"\nlosses by interval of {every} rounds, mean over 3 seeds (least, largest)")
    for interval in range(num_rounds // every):
        cells = []
        for name, runs in curves.items():
            for number, player in enumerate(("disc", "gen")):
                values = [run[interval][number] for run in runs]
                cells.append(f"{name} {player} {statistics.fmean(values):.3f} ({min(values):.3f}, {max(values):.3f})")
        print(f"  {(interval + 1) * every:>5}  " + "   ".join(cells))


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--widths", type=int, nargs="+", default=[32, 64])
    parser.add_argument("--rounds", type=int, default=20, help="rounds of a turn")
    parser.add_argument("--repeats", type=int, default=7, help="turns of every loop")
    parser.add_argument("--data", type=Path, help="parquet folder of CIFAR-10; losses are compared only with it")
    parser.add_argument("--curve-rounds", type=int, default=300, help="rounds of the loss comparison")
    arguments = parser.parse_args()
    peak = peak_rate()
    print(f"{torch.get_num_threads()} threads, torch {torch.__version__}, measured peak {peak / 1e9:.0f} GFLOP/s")
    with tempfile.TemporaryDirectory() as folder:
        source = data_settings(arguments.data, Path(folder))
        for width in arguments.widths:
            report(width, source, arguments, peak)


def report(width: int, source: DataSettings, arguments: argparse.Namespace, peak: float) -> None:
    """Times, ratios and rates at one width."""
    settings = settings_for(width, source)
    ours = OurLoop(settings)
    plays: dict[str, Play] = {
        "ours": partial(seconds_per_round, ours),
        "lean": partial(seconds_per_round, LeanLoop(settings)),
        "tutorial": Elsewhere(settings),
    }
    times = in_turns(plays, arguments.rounds, arguments.repeats)
    operations = floating_point_operations(ours)
    print(f"\nwidth {width}, batch {BATCH_SIZE}, {operations / 1e9:.1f} GFLOP a round")
    for name, values in times.items():
        median = statistics.median(values)
        print(f"  {name:<9} {median * 1e3:7.2f} ms [{min(values) * 1e3:.2f}, {max(values) * 1e3:.2f}]")
    rate = operations / statistics.median(times["ours"])
    print(f"  ours / lean      {ratio(times, 'ours', 'lean')}   (wanted: at most 1.03)")
    print(f"  tutorial / ours  {ratio(times, 'tutorial', 'ours')}   (wanted: at least 1.5)")
    print(f"  achieved {rate / 1e9:.0f} GFLOP/s, {rate / peak:.0%} of the peak")
    if arguments.data:
        compare_losses(settings, arguments.curve_rounds, arguments.curve_rounds // 6)


if __name__ == "__main__":
    main()
