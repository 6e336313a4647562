"""What the spectrum of a diagnosis costs, against training rounds of the same run in the same process.

    python benchmarks/diagnosis.py [--recipes ring digits] [--widths 0 16 64] [--repeats 5] [--accuracies 0.01 0.001]

For each recipe (and width, 0 being the recipe's own) prints parameters, the time of a round, the ratio of one product
with the Jacobian to a round (medians over repeats), and for each accuracy the products of the whole spectrum, its ratio
to a round, and the largest residual relative to the largest eigenvalue: quality beside cost. Weights are those of a run
that has played ``--rounds`` rounds.
"""

import argparse
import statistics
import time
from collections.abc import Callable

import numpy as np

from equipoise.config.diagnosis import DiagnosisSettings
from equipoise.recipes import RECIPES
from equipoise.training.diagnosis.linearise import Linearisation
from equipoise.training.diagnosis.position import Position
from equipoise.training.diagnosis.spectrum import measure_spectrum
from equipoise.training.noise import unchanged_buffers
from equipoise.training.runs import open_session


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--recipes", nargs="+", default=["ring", "digits"])
    parser.add_argument("--widths", nargs="+", type=int, default=[0])
    parser.add_argument("--accuracies", nargs="+", type=float, default=[1e-2, 1e-3])
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--rounds", type=int, default=50)
    arguments = parser.parse_args()
    print("recipe width parameters | s a round | product/round | accuracy products spectrum/round residual/scale")
    for recipe in arguments.recipes:
        for width in arguments.widths:
            measure(recipe, width, arguments)


def measure(recipe: str, width: int, arguments: argparse.Namespace) -> None:
    settings = RECIPES[recipe].settings()
    width = width or settings.network.width
    settings = settings.model_copy(update={"network": settings.network.model_copy(update={"width": width})})
    session = open_session(settings, None)
    a_round = statistics.median(timed(session.play_round) for _ in range(arguments.rounds))
    position = Position(session, DiagnosisSettings(num_batches=2))
    product = time_of_product(position, arguments.repeats)
    for accuracy in arguments.accuracies:
        started = time.perf_counter()
        found = measure_spectrum(Position(session, DiagnosisSettings(accuracy=accuracy)))
        took = time.perf_counter() - started
        parts = (found.jacobian, found.disc_hessian, found.gen_hessian)
        products = sum(part.num_products for part in parts)
        residual = max(part.residual / part.scale for part in parts)
        print(
            f"{recipe} {width} {found.num_disc + found.num_gen:,} | {a_round:.3g} | {product / a_round:.2f} | "
            f"{accuracy:g} {products} {took / a_round:.0f} {residual:.1g}",
            flush=True,
        )


def time_of_product(position: Position, repeats: int) -> float:
    with unchanged_buffers(position.session.board.game):
        near = Linearisation(position.noiseless_game, position.batches("spectrum", 1), position.streams("spectrum"))
        vector = np.random.default_rng(0).standard_normal(near.size)
        return statistics.median(timed(lambda: near.transposed(vector)) for _ in range(repeats))


def timed(act: Callable[[], object]) -> float:
    started = time.perf_counter()
    act()
    return time.perf_counter() - started


if __name__ == "__main__":
    main()
