"""Gradient noise: three routes against one another and against closed forms, and a probe that changes nothing."""

import math

import pytest
import torch
from torch import nn

from equipoise.config import RunSettings
from equipoise.config.files import merged
from equipoise.core.batches import Batch
from equipoise.core.errors import ResumeWarning, UserError
from equipoise.core.files import read_json_lines
from equipoise.core.seeding import Streams
from equipoise.games.build import OBJECTIVES
from equipoise.games.generative import GenerativeGame
from equipoise.networks import build_networks
from equipoise.studies.batch_size.noise_scale import ratio
from equipoise.training import resume, train
from equipoise.training.noise import (
    PLAYERS,
    NoiseAverage,
    NoiseSample,
    from_examples,
    from_micro_batches,
    from_two_batches,
)

DIM, LATENT_DIM = 3, 4


class LinearCritic(nn.Module):
    """D(x) = w'x, whose gradient of the Wasserstein loss is the mean of G(z) - x."""

    def __init__(self):
        super().__init__()
        self.weight = nn.Parameter(torch.tensor([1.0, -2.0, 0.5], dtype=torch.float64))

    def forward(self, examples, labels=None):
        return examples @ self.weight


class LinearGenerator(nn.Module):
    """G(z) = m + M z, whose gradients are -w and -w z'."""

    def __init__(self):
        super().__init__()
        self.offset = nn.Parameter(torch.tensor([1.0, 0.5, -1.0], dtype=torch.float64))
        self.matrix = nn.Parameter(torch.full((DIM, LATENT_DIM), 0.3, dtype=torch.float64))

    def forward(self, latents, labels=None):
        return self.offset + latents @ self.matrix.T


def normal_latents(dim):
    """Latents that are the same however many are drawn at once, which `torch.randn` of a few numbers is not."""
    return lambda number, generator: torch.special.ndtri(
        torch.rand(number, dim, generator=generator, dtype=torch.float64).clamp(1e-9, 1 - 1e-9)
    )


def linear_game():
    return GenerativeGame(LinearCritic(), LinearGenerator(), OBJECTIVES["wasserstein"], normal_latents(LATENT_DIM))


def network_game(objective="nonsaturating", penalty=None):
    """A DCGAN pair without normalisation, in float64."""
    settings = RunSettings.model_validate(
        {"network": {"architecture": "dcgan", "width": 4, "disc_norm": "none", "gen_norm": "none"}}
    )
    networks = build_networks(settings.network, (1, 8, 8), 5, torch.Generator().manual_seed(0))
    disc, gen = (network.double() for network in networks)
    return GenerativeGame(disc, gen, OBJECTIVES[objective], normal_latents(5), penalty=penalty)


def images(number, seed):
    return Batch(torch.randn(number, 1, 8, 8, generator=torch.Generator().manual_seed(seed), dtype=torch.float64))


def route(name, game, size, seed):
    """One measurement by one route on fresh examples."""
    streams = Streams(seed)
    if name == "examples":
        return from_examples(game, images(size, seed), streams)
    if name == "micro-batches":
        return from_micro_batches(game, images(size, seed), 4, streams)
    return from_two_batches(game, images(size // 4, seed), images(size, seed + 10_000), streams)


def test_noise_and_signal_have_their_closed_forms_on_a_linear_game_within_2_percent():
    game, generator = linear_game(), torch.Generator().manual_seed(0)
    mean, spread = torch.tensor([0.0, 1.0, 2.0], dtype=torch.float64), 0.7
    truth = {
        # G(z) - x for the critic; -w and -w z' for the generator, of which only the second is noisy.
        "disc": (
            DIM * spread**2 + game.gen.matrix.square().sum().item(),
            (game.gen.offset - mean).square().sum().item(),
        ),
        "gen": (game.disc.weight.square().sum().item() * LATENT_DIM, game.disc.weight.square().sum().item()),
    }
    sums = {name: torch.zeros(2, dtype=torch.float64) for name in PLAYERS}
    for seed in range(500):
        real = mean + spread * torch.randn(64, DIM, generator=generator, dtype=torch.float64)
        for name, sample in from_micro_batches(game, Batch(real), 16, Streams(seed)).items():
            sums[name] += torch.stack(sample) / 500
    for name, mean_sample in sums.items():
        assert mean_sample.tolist() == pytest.approx(truth[name], rel=0.02)


@pytest.mark.parametrize("objective", ["nonsaturating", "hinge", "least-squares", "relativistic-paired"])
def test_per_example_gradients_are_micro_batches_of_one(objective):
    game, batch = network_game(objective), images(6, seed=1)
    by_example, one_by_one = from_examples(game, batch, Streams(3)), from_micro_batches(game, batch, 6, Streams(3))
    for name in PLAYERS:
        assert [float(value) for value in by_example[name]] == pytest.approx(
            [float(value) for value in one_by_one[name]]
        )


def test_the_three_routes_agree_within_their_intervals_on_networks():
    game = network_game()
    number = {"examples": 20, "micro-batches": 60, "two batches": 240}  # the fewer gradients, the noisier the route
    found = {name: [route(name, game, 32, seed) for seed in range(count)] for name, count in number.items()}
    for player in PLAYERS:
        columns = [torch.tensor([one[player] for one in samples]) for samples in found.values()]
        means = torch.stack([column.mean(0) for column in columns])
        errors = torch.stack([column.std(0) / len(column) ** 0.5 for column in columns])
        apart = (means - means[0]).abs() / (errors.square() + errors[0].square()).sqrt()
        assert apart.max() < 3
        assert (errors / means).max() < 0.25  # errors wide enough to cover anything would prove nothing
        scales = [ratio(*column.T.tolist()) for column in columns]
        assert max(scale.low for scale in scales) < min(scale.high for scale in scales)


def test_the_scale_does_not_depend_on_the_units_of_the_loss():
    game, batch = network_game("wasserstein"), images(8, seed=2)
    plain = from_micro_batches(game, batch, 4, Streams(0))["gen"]
    game.disc.register_forward_hook(lambda module, inputs, scores: 3.0 * scores)
    tripled = from_micro_batches(game, batch, 4, Streams(0))["gen"]
    assert float(tripled.noise / plain.noise) == pytest.approx(9.0)
    assert float(tripled.signal / plain.signal) == pytest.approx(9.0)


def test_the_average_is_free_of_the_bias_of_its_start():
    average = NoiseAverage(torch.device("cpu"), decay=0.9)
    assert average.read()["noise_scale"] is None
    for _ in range(3):
        average.update(NoiseSample(torch.tensor(6.0), torch.tensor(2.0)))
        assert average.read() == pytest.approx({"noise": 6.0, "signal": 2.0, "noise_scale": 3.0})
    average.update(NoiseSample(torch.tensor(6.0), torch.tensor(-90.0)))
    assert average.read()["noise_scale"] is None  # a negative signal is noise, and no batch size follows from it


@pytest.mark.parametrize("bad", [math.nan, math.inf])
def test_a_measurement_that_is_not_finite_is_passed_over(bad):
    plain, disturbed = NoiseAverage(torch.device("cpu")), NoiseAverage(torch.device("cpu"))
    disturbed.update(NoiseSample(torch.tensor(1.0), torch.tensor(bad)))
    assert disturbed.read()["noise"] is None
    for number in (3.0, 5.0):
        for average in (plain, disturbed):
            average.update(NoiseSample(torch.tensor(number), torch.tensor(1.0)))
        disturbed.update(NoiseSample(torch.tensor(bad), torch.tensor(1.0)))
    assert disturbed.read() == plain.read()
    again = NoiseAverage(torch.device("cpu"))
    again.load_state_dict(disturbed.state_dict())
    assert again.read() == plain.read()


def test_measuring_may_begin_and_end_at_a_resume(tmp_path):
    whole = run_settings(tmp_path)
    train(whole)
    for steps, every in ((16, 2), (20, 0)):
        training = whole.training.model_copy(update={"steps": steps, "measure_noise_every": every})
        with pytest.warns(ResumeWarning, match="training.measure_noise_every"):
            resume(tmp_path / "run", settings=whole.model_copy(update={"training": training}))
        record = read_json_lines(tmp_path / "run/metrics.jsonl")[-1]
        assert ("disc_noise" in record) == (every > 0)


def test_ties_between_examples_and_slope_penalties_are_refused_where_examples_are_taken_alone():
    settings = RunSettings.model_validate({"network": {"architecture": "dcgan", "width": 4}})
    networks = build_networks(settings.network, (1, 8, 8), 5, torch.Generator().manual_seed(0))
    game = GenerativeGame(*networks, OBJECTIVES["hinge"], normal_latents(5))
    with pytest.raises(UserError, match="Batch normalisation ties"):
        from_examples(game, images(4, 0), Streams(0))
    with pytest.raises(UserError, match="slope penalty"):
        from_examples(network_game(penalty=lambda *_: 0.0), images(4, 0), Streams(0))


SMALL = {
    "name": "run",
    "threads": 1,
    "network": {"architecture": "dcgan", "width": 4, "disc_norm": "spectral", "gen_norm": "batch"},
    "game": {"latent_dim": 4, "penalty": "gradient", "penalty_weight": 1.0},
    "training": {"steps": 12, "batch_size": 8, "log_every": 4, "sample_every": 12, "checkpoint_every": 6},
    "data": {"flip": True},
}


def run_settings(root, **changes):
    return RunSettings.model_validate(merged(merged(RunSettings().model_dump(), SMALL), {"root": str(root), **changes}))


@pytest.mark.parametrize(
    "order", ["alternating", "alternating-gen-first", "simultaneous", "extragradient", "optimistic"]
)
def test_measuring_changes_no_bit_of_the_run(tmp_path, order):
    from safetensors.torch import load_file

    for name, every in (("plain", 0), ("measured", 2)):
        train(run_settings(tmp_path / name, training={"order": order, "measure_noise_every": every}))
    for network in ("disc", "gen", "gen_ema"):
        one, other = (
            load_file(tmp_path / name / "run/checkpoints/step-000012" / f"{network}.safetensors")
            for name in ("plain", "measured")
        )
        assert all(torch.equal(one[key], other[key]) for key in one)
    plain, measured = (read_json_lines(tmp_path / name / "run/metrics.jsonl") for name in ("plain", "measured"))
    assert [record["disc_gradients"] for record in plain] == [record["disc_gradients"] for record in measured]
    assert all(record["disc_noise"] > 0 and record["gen_noise"] > 0 for record in measured)


def test_a_resumed_run_measures_what_the_whole_one_does(tmp_path):
    import shutil

    for name in ("whole", "parts"):
        train(run_settings(tmp_path / name, training={"measure_noise_every": 2}))
    run = tmp_path / "parts" / "run"
    shutil.rmtree(run / "checkpoints" / "step-000012")
    resume(run)
    one, other = (read_json_lines(tmp_path / name / "run/metrics.jsonl") for name in ("whole", "parts"))
    keys = [key for key in one[0] if "noise" in key or "signal" in key]
    assert len(keys) == 6
    assert [[record[key] for key in keys] for record in one] == [[record[key] for key in keys] for record in other]


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"training": {"batch_size": 2, "measure_noise_every": 1}}, "a batch of 4 or more"),
        ({"game": {"kind": "bilinear"}, "training": {"measure_noise_every": 1}}, "no examples whose gradients"),
    ],
)
def test_noise_that_cannot_be_measured_is_refused_in_a_sentence(tmp_path, changes, words):
    with pytest.raises(ValueError, match=words):
        train(RunSettings.model_validate({"root": str(tmp_path), **changes}))
    assert not (tmp_path / "run").exists()


def test_the_jackknife_interval_holds_the_ratio_of_the_means():
    generator = torch.Generator().manual_seed(0)
    covered = 0
    for _ in range(200):
        noises = 20 + 2 * torch.randn(8, generator=generator)
        signals = 2 + 0.6 * torch.randn(8, generator=generator)
        interval = ratio(noises.tolist(), signals.tolist())
        covered += interval.low <= 10 <= interval.high
    assert 0.88 <= covered / 200 <= 0.99
    assert ratio([1.0, 1.0], [1.0, -2.0]) is None
    assert ratio([2.0], [1.0]).low is None
    assert math.isclose(ratio([2.0], [1.0]).value, 2.0)
