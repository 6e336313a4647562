"""Time of one optimiser step on the parameters of the DCGAN pair at 64 pixels: conjugate gradients against Adam.

    python benchmarks/optimizers.py [--width 64] [--steps 10] [--repeats 15] [--device cpu] [--rules fr hz ...]

(a) *Adam*: torch's, foreach; its fused kernel and foreach SGD are printed for orientation.
(b) *per tensor*: the same conjugate gradient written the straightforward way, as the published code is: tensor by
    tensor, the products that the rule names read on the host with ``float(...)``, a new tensor for every expression.

Both players are stepped. The optimisers take turns in one process, each on parameters of its own, and the ratios are
of the turns, with median, least and largest. Quality stands beside speed: (b) is run from the same start on the same
gradients as ours, and the largest relative difference of a parameter vector is printed.
"""

import argparse
import math
import statistics
import time
from collections.abc import Callable
from functools import partial

import torch
from torch import Tensor, nn
from torch.optim import SGD, Adam, Optimizer

from equipoise.config import NetworkSettings
from equipoise.core.devices import keep_freed_memory, resolve_device
from equipoise.networks import build_networks
from equipoise.optimizers import BETA_RULES, ConjugateGradient

RATE = 1e-4


class PerTensor(Optimizer):
    """Algorithm 1 as one writes it down first."""

    def __init__(self, params, lr, beta):
        self.rule = beta
        self.previous: list[Tensor] = []
        self.directions: list[Tensor] = []
        super().__init__(params, {"lr": lr})

    @torch.no_grad()
    def step(self, closure=None):
        parameters = [parameter for group in self.param_groups for parameter in group["params"]]
        gradients = [parameter.grad.clone() for parameter in parameters]
        if not self.previous:
            directions = [-gradient for gradient in gradients]
        else:
            beta = self.beta(gradients)
            directions = [beta * old - g for old, g in zip(self.directions, gradients, strict=True)]
        for parameter, direction in zip(parameters, directions, strict=True):
            parameter.data = parameter.data + self.param_groups[0]["lr"] * direction
        self.previous, self.directions = gradients, directions

    def beta(self, gradients):
        lists = {"g": gradients, "p": self.previous, "d": self.directions}

        def dot(one, other):
            return sum(float((a * b).sum()) for a, b in zip(lists[one], lists[other], strict=True))

        def g_y():
            return dot("g", "g") - dot("g", "p")

        def d_y():
            return dot("d", "g") - dot("d", "p")

        def hz():
            y_y = dot("g", "g") - 2 * dot("g", "p") + dot("p", "p")
            return clipped(clipped(g_y(), d_y()) - clipped(2 * y_y * dot("d", "g"), d_y() ** 2, cap=math.inf))

        rules: dict[str, Callable[[], float]] = {
            "fr": lambda: clipped(dot("g", "g"), dot("p", "p")),
            "prp": lambda: clipped(g_y(), dot("p", "p")),
            "hs": lambda: clipped(g_y(), d_y()),
            "dy": lambda: clipped(dot("g", "g"), d_y()),
            "hz": hz,
            "hs-dy": lambda: min(rules["hs"](), rules["dy"]()),
            "fr-prp": lambda: min(rules["fr"](), rules["prp"]()),
        }
        return rules[self.rule]()


def clipped(numerator, denominator=1.0, cap=0.5):
    return min(max(numerator / denominator, 0.0), cap) if denominator else 0.0


class Pair:
    """An optimiser for each player, over a copy of the networks, with gradients that stay in place."""

    def __init__(self, make, width, device):
        start = torch.Generator().manual_seed(0)
        networks = build_networks(NetworkSettings(architecture="dcgan", width=width), (3, 64, 64), 100, start)
        noise = torch.Generator().manual_seed(1)
        self.players = []
        for network in (networks.disc, networks.gen):
            parameters = list(network.to(device).parameters())
            for parameter in parameters:
                parameter.grad = torch.empty_like(parameter)
                parameter.grad.copy_(torch.randn(parameter.shape, generator=noise))
            self.players.append(make(parameters))

    def parameters(self):
        return [p for player in self.players for group in player.param_groups for p in group["params"]]

    def step(self):
        for player in self.players:
            player.step()


def seconds_per_step(pair, num_steps, device):
    """Mean seconds of a step of both players over one turn."""
    wait = torch.cuda.synchronize if device.type == "cuda" else lambda: None
    wait()
    started = time.perf_counter()
    for _ in range(num_steps):
        pair.step()
    wait()
    return (time.perf_counter() - started) / num_steps


def in_turns(pairs, num_steps, num_repeats, device):
    """Seconds per step of every pair, turn by turn, so that a drift of the machine meets all alike."""
    for pair in pairs.values():
        seconds_per_step(pair, 3, device)
    times: dict[str, list[float]] = {name: [] for name in pairs}
    for _ in range(num_repeats):
        for name, pair in pairs.items():
            times[name].append(seconds_per_step(pair, num_steps, device))
    return times


def ratio(times, one, other):
    """Median, least and largest of the turn-by-turn ratios of two pairs."""
    ratios = sorted(a / b for a, b in zip(times[one], times[other], strict=True))
    return f"{statistics.median(ratios):5.2f} [{ratios[0]:.2f}, {ratios[-1]:.2f}]"


def difference(rule, width, device):
    """Largest relative difference of a parameter tensor between ours and the per-tensor version after five steps."""
    ours = Pair(lambda parameters: ConjugateGradient(parameters, lr=RATE, beta=rule), width, device)
    theirs = Pair(lambda parameters: PerTensor(parameters, lr=RATE, beta=rule), width, device)
    noise = torch.Generator().manual_seed(2)
    for _ in range(5):
        for mine, other in zip(ours.parameters(), theirs.parameters(), strict=True):
            mine.grad.copy_(torch.randn(mine.shape, generator=noise))
            other.grad.copy_(mine.grad)
        ours.step()
        theirs.step()
    pairs = zip(ours.parameters(), theirs.parameters(), strict=True)
    return max(((mine - other).norm() / other.norm().clamp(min=1e-12)).item() for mine, other in pairs)


def main():
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--width", type=int, default=64)
    parser.add_argument("--steps", type=int, default=10, help="steps of a turn")
    parser.add_argument("--repeats", type=int, default=15, help="turns of every optimiser")
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--rules", nargs="+", default=list(BETA_RULES), choices=list(BETA_RULES))
    parser.add_argument("--keep-memory", action="store_true", help="let glibc keep freed blocks, as our training does")
    arguments = parser.parse_args()
    device = resolve_device(arguments.device)
    kept = arguments.keep_memory and keep_freed_memory()
    makers: dict[str, Callable[[list[nn.Parameter]], Optimizer]] = {
        "adam foreach": partial(Adam, lr=RATE, foreach=True),
        "adam fused": partial(Adam, lr=RATE, fused=True),
        "sgd foreach": partial(SGD, lr=RATE, foreach=True),
    }
    for rule in arguments.rules:
        makers[f"cg-{rule}"] = partial(ConjugateGradient, lr=RATE, beta=rule)
        makers[f"per tensor {rule}"] = partial(PerTensor, lr=RATE, beta=rule)
    pairs = {name: Pair(make, arguments.width, device) for name, make in makers.items()}
    count = sum(parameter.numel() for parameter in pairs["adam foreach"].parameters())
    print(f"torch {torch.__version__}, {torch.get_num_threads()} threads, {device}, freed memory kept: {kept}")
    print(f"DCGAN pair at 64 pixels, width {arguments.width}: {count:,} parameters, both players stepped\n")
    times = in_turns(pairs, arguments.steps, arguments.repeats, device)
    for name in ("adam foreach", "adam fused", "sgd foreach"):
        print(f"  {name:<14} {statistics.median(times[name]) * 1e3:7.2f} ms")
    print("\n  rule          ours ms   ours / Adam foreach    per tensor / ours      difference")
    print("                          (at most 1.5)          (at least 3)")
    for rule in arguments.rules:
        ours, theirs = f"cg-{rule}", f"per tensor {rule}"
        print(
            f"  {ours:<12} {statistics.median(times[ours]) * 1e3:8.2f}   {ratio(times, ours, 'adam foreach'):<22} "
            f"{ratio(times, theirs, ours):<22} {difference(rule, arguments.width, device):.1e}"
        )


if __name__ == "__main__":
    main()
