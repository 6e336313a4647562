"""SGD on a noisy quadratic game: measured b* against the closed form, each player's own and the joint one.

For l/2 |x|^2 + c x'y - l/2 |y|^2 with identity coupling, simultaneous steps a under noise s / sqrt(b) give
E|x_n|^2 = r^n (|x_0|^2 - v/b) + v/b with r = (1 - a l)^2 + (a c)^2 and v = a^2 s^2 D / (1 - r), and the same for y,
where x_0 and y_0 are orthogonal and equally long: the game turns them into one another. In many dimensions a single
run follows its mean closely, so that its first crossing is that of the mean.
"""

import math

import numpy as np
import pytest
import torch

from equipoise.core.batches import Batch
from equipoise.core.seeding import Streams
from equipoise.games import quadratic
from equipoise.studies.batch_size.critical import analyse
from equipoise.studies.reaches import Curve, both, reaches

DIM, RATE, CURVATURE, COUPLING, NOISE, BUDGET = 400, 0.1, 1.0, 0.5, 2.0, 300
SIZES = (2, 3, 4, 6, 8, 12, 16, 32, 64, 128)
TARGET = 0.02 * DIM
RATIO = (1 - RATE * CURVATURE) ** 2 + (RATE * COUPLING) ** 2
FLOOR = RATE**2 * NOISE**2 * DIM / (1 - RATIO)


def play(size, seed):
    """Squared norms of (disc, gen) along one run of simultaneous SGD through the game's own losses."""
    ones = torch.ones(DIM, dtype=torch.float64)
    across = ones * torch.tensor([1.0, -1.0], dtype=torch.float64).repeat(DIM // 2)
    coupling = COUPLING * torch.eye(DIM, dtype=torch.float64)
    noise = NOISE / math.sqrt(size)
    game = quadratic(CURVATURE, coupling, noise=noise, disc_start=across, gen_start=ones)
    streams, batch, norms = Streams(seed), Batch(torch.empty(1, 0)), []
    points = [game.disc.value, game.gen.value]
    for _ in range(BUDGET + 1):
        norms.append([float(point.detach().square().sum()) for point in points])
        terms = game.terms(batch, game.generate(batch, streams), streams)
        gradients = [
            torch.autograd.grad(own.total, point, retain_graph=True)[0]
            for own, point in zip(terms, points, strict=True)
        ]
        with torch.no_grad():
            for point, gradient in zip(points, gradients, strict=True):
                point -= RATE * gradient
    return norms


@pytest.fixture(scope="module")
def found():
    """When either player met its target, by size and seed."""
    curves = {"disc": [], "gen": []}
    for size in SIZES:
        for seed in range(3):
            norms = play(size, seed)
            for column, name in enumerate(curves):
                values = [row[column] for row in norms]
                curves[name].append(Curve(size, seed, list(range(BUDGET + 1)), values, BUDGET))
    return {name: reaches(runs, TARGET) for name, runs in curves.items()}


def expected_steps(size):
    if size <= FLOOR / TARGET:
        return math.inf
    return math.log((TARGET - FLOOR / size) / (DIM - FLOOR / size)) / math.log(RATIO)


def test_each_run_meets_the_target_when_the_closed_form_says(found):
    for one in found["gen"]:
        if one.batch_size > 1.3 * FLOOR / TARGET:
            assert one.steps == pytest.approx(expected_steps(one.batch_size), rel=0.1)
    assert not any(one.met for one in found["gen"] if one.batch_size < 0.8 * FLOOR / TARGET)


@pytest.mark.parametrize("player", ["disc", "gen", "both"])
def test_the_measured_critical_batch_is_that_of_the_closed_form(found, player):
    runs = both(found["disc"], found["gen"]) if player == "both" else found[player]
    finding = analyse(TARGET, runs, num_resamples=100)
    fine = np.geomspace(FLOOR / TARGET * 1.01, 200, 4000)
    truth = fine[np.argmin([size * expected_steps(size) for size in fine])]
    exponential = finding.laws["exponential"].critical_batch
    assert finding.better == "exponential"
    assert exponential.low * 0.97 <= truth <= exponential.high * 1.03
    neighbours = [size for size in SIZES if truth / 1.6 < size < truth * 1.6]
    assert finding.measured.value in neighbours
    hyperbola = finding.laws["hyperbola"].critical_batch.value
    assert truth / 2.5 < hyperbola < truth * 2.5  # right only to a factor of about two
