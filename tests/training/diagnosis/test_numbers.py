"""Losses, gradients, noise and the probe against what is known."""

import math

import numpy as np
import pytest
import torch

from equipoise.training.diagnosis.fresh import measure_fresh
from equipoise.training.diagnosis.gradients import measure_gradients
from equipoise.training.diagnosis.losses import measure_losses
from equipoise.training.diagnosis.noise_scales import measure_noise, scale_of
from equipoise.training.diagnosis.position import at_weights
from equipoise.training.diagnosis.spectrum import measure_spectrum


def test_losses_and_gaps_of_the_dirac_gan_are_its_closed_form(position_of):
    position = position_of("dirac")
    game = position.session.board.game
    psi, theta = game.disc.value.item(), game.gen.value.item()
    found = measure_losses(position)
    score = psi * theta
    assert found.disc.loss == pytest.approx(math.log(2) + math.log1p(math.exp(score)))
    assert found.gen.loss == pytest.approx(math.log1p(math.exp(-score)))
    assert found.disc.ideal == pytest.approx(math.log(4))
    assert found.disc.gap == pytest.approx(found.disc.loss - math.log(4))
    assert found.disc.penalty == pytest.approx(psi**2 / 2)
    assert found.disc.error == 0
    assert (found.disc.rate, found.rate_ratio) == (1e-3, 1.0)


def test_the_gap_aware_factor_is_in_the_rate_in_force(position_of):
    found = measure_losses(position_of("spectral"))
    assert found.disc.rate == pytest.approx(found.disc.base_rate * found.disc.gap_factor)
    assert found.gen.gap_factor is None


def test_a_noiseless_game_has_equal_gradients(position_of):
    found = measure_gradients(position_of("dirac"))
    game = position_of("dirac").session.board.game
    field = game.field(game.disc.value, game.gen.value)
    for player, own in ((found.disc, field[:1]), (found.gen, field[1:])):
        assert player.norm == pytest.approx(own.norm().item())
        assert player.mean_norm == pytest.approx(player.norm)
        assert player.cosine == pytest.approx(1.0)
        assert player.consensus == pytest.approx(1.0)
    assert found.disc.penalty_norm == pytest.approx(abs(game.disc.value.item()))


def test_cosines_agree_with_all_pairs(position_of):
    from equipoise.training.diagnosis.fields import gradient_of, loss_terms

    position = position_of("points")
    found, gradients, streams = measure_gradients(position), [], position.streams("gradients")
    for batch in position.batches("gradients", 3):
        _, gen = loss_terms(position, batch, streams)
        gradient = gradient_of(gen.total, position.session.board.game.gen.parameters())
        gradients.append(torch.cat([part.reshape(-1) for part in gradient]).double())
    pairs = [(0, 1), (0, 2), (1, 2)]
    cosines = [torch.cosine_similarity(gradients[i], gradients[j], dim=0).item() for i, j in pairs]
    assert found.gen.cosine == pytest.approx(np.mean(cosines), abs=1e-5)
    mean = torch.stack(gradients).mean(0).norm().item()
    assert found.gen.consensus == pytest.approx(mean / np.mean([g.norm().item() for g in gradients]), rel=1e-5)


def test_noise_scale_of_known_law():
    """Samples of noise 8 and signal 2: a scale of 4, which the interval holds."""
    draw = np.random.default_rng(0)
    samples = np.stack([8 + draw.standard_normal(50), 2 + 0.5 * draw.standard_normal(50)], axis=1)
    found = scale_of(samples)
    assert found.low < 4 < found.high
    assert found.scale == pytest.approx(4, rel=0.2)
    assert found.suggested == 4


def test_a_signal_that_is_not_above_zero_has_no_scale():
    assert scale_of(np.array([[1.0, -1.0], [1.0, 0.5], [1.0, -0.5]])).scale is None
    carried_by_one = scale_of(np.array([[1.0, -1.0], [1.0, 4.0], [1.0, -1.0]]))
    assert carried_by_one.scale == pytest.approx(1.5)
    assert carried_by_one.high is None
    assert 0 < carried_by_one.low < 1.5
    assert scale_of(np.array([[1.0, 1.0], [-1.0, 1.0], [1.0, 1.0]])).low is None


@pytest.mark.parametrize(("true_scale", "dimension"), [(64, 20), (512, 20), (1280, 100), (5000, 200)])
def test_intervals_of_noise_scales_hold_the_truth_as_often_as_they_say(true_scale, dimension):
    """Gradients G + N(0, Sigma) of 16 batches of 64 in 4 parts, as a linear loss of Gaussian examples has."""
    from equipoise.training.noise import from_norms

    draw = torch.Generator().manual_seed(true_scale)
    mean = torch.full((dimension,), (1 / true_scale / dimension) ** 0.5, dtype=torch.float64)  # tr(Sigma) = 1
    held, num = 0, 400
    for _ in range(num):
        noise = torch.randn(16, 4, dimension, generator=draw, dtype=torch.float64) / (16 * dimension) ** 0.5
        parts = mean + noise
        sample = from_norms(parts.square().sum(-1).mean(1), parts.mean(1).square().sum(-1), 16, 64)
        found = scale_of(torch.stack(sample, dim=1).numpy())
        held += found.low is not None and found.low <= true_scale <= (found.high or math.inf)
    assert 0.90 <= held / num <= 0.99


def test_noise_is_that_of_the_training_probe(position_of):
    from equipoise.training.noise import from_micro_batches

    position = position_of("points")
    streams, game = position.streams("noise"), position.session.board.game
    samples = [from_micro_batches(game, batch, 4, streams)["gen"] for batch in position.batches("noise", 3)]
    found = measure_noise(position).gen
    assert found.noise == pytest.approx(np.mean([sample.noise.item() for sample in samples]))
    assert found.signal == pytest.approx(np.mean([sample.signal.item() for sample in samples]))


def test_a_fresh_discriminator_beats_one_that_was_ruined(position_of):
    """A discriminator of zeros scores all alike, at the ideal; a fresh one sees what an untrained generator is."""
    from dataclasses import replace

    position = position_of("points")
    settings = position.settings.model_copy(update={"probe_rounds": 150})
    weights = list(position.session.board.game.disc.parameters())
    with at_weights(weights):
        with torch.no_grad():
            for weight in weights:
                weight.zero_()
        found = measure_fresh(replace(position, settings=settings))
    assert found.own_gap == pytest.approx(0.0, abs=1e-6)
    assert found.gap < -0.02
    assert found.losses[-1] < found.losses[0]
    assert found.rounds[-1] == 150
    assert found.num_rounds == 150


def test_the_gradients_of_the_spectrum_are_those_of_the_sample(position_of):
    position = position_of("bilinear")
    found = measure_spectrum(position)
    game = position.session.board.game
    assert found.disc_gradient == pytest.approx(abs(game.gen.value.item()))
    assert found.gen_gradient == pytest.approx(abs(game.disc.value.item()))
    assert found.moving(0.0, 0.0) == ("discriminator", "generator")
    assert found.verdict.kind == "rotating"
    assert found.num_examples == 0


def test_searched_and_whole_spectra_of_a_network_agree(position_of):
    """The same run, once by ARPACK and once from the whole matrix, in float32."""
    from dataclasses import replace

    position = position_of("points")
    found = {}
    for name, changes in (("whole", {"dense_up_to": 1000}), ("searched", {"dense_up_to": 2, "accuracy": 1e-5})):
        settings = position.settings.model_copy(update={**changes, "max_products": 5000})
        found[name] = measure_spectrum(replace(position, settings=settings))
    whole, searched = found["whole"], found["searched"]
    assert whole.jacobian.complete
    assert not searched.jacobian.complete
    for name in ("jacobian", "disc_hessian", "gen_hessian"):
        one, other = getattr(whole, name), getattr(searched, name)
        assert other.failures == ()
        assert other.lowest == pytest.approx(one.lowest, abs=1e-3 * one.scale)
        assert other.highest == pytest.approx(one.highest, abs=1e-3 * one.scale)
    assert whole.verdict.kind == searched.verdict.kind


def test_the_closest_pairs_are_the_images_that_the_record_names(position_of):
    from equipoise.metrics import build_features
    from equipoise.training.diagnosis.memorisation import closest_pairs, measure_memorisation
    from equipoise.training.measuring.example_sets import as_seen

    position = position_of("images")
    found = measure_memorisation(position)
    ours, theirs = closest_pairs(position, found)
    images = torch.cat([batch.examples for batch in position.session.board.source.ordered(500, torch.device("cpu"))])
    assert torch.equal(theirs, images[[row for _, row, _ in found.closest]])
    features = build_features("digits")
    distances = (features(as_seen(ours)) - features(theirs)).double().norm(dim=1)
    assert distances.tolist() == pytest.approx([distance for *_, distance in found.closest], rel=1e-4)
    assert distances.tolist() == sorted(distances.tolist())
    every = torch.cdist(features(as_seen(ours)).double(), features(images).double()).min(dim=1).values
    assert distances.tolist() == pytest.approx(every.tolist(), rel=1e-4)


def test_the_noise_of_a_game_between_points_is_no_part_of_its_field():
    from equipoise.config import RunSettings
    from equipoise.config.diagnosis import DiagnosisSettings
    from equipoise.training.diagnosis.position import Position
    from equipoise.training.runs import open_session

    session = open_session(RunSettings.model_validate({"game": {"kind": "saddle-ttur", "noise": 1.0}}), None)
    found = measure_spectrum(Position(session, DiagnosisSettings()))
    game = session.board.game
    field = game.field(game.disc.value, game.gen.value)
    assert [found.disc_gradient, found.gen_gradient] == pytest.approx(field.abs().tolist())
    assert game.noise == 1.0
    gradients = measure_gradients(Position(session, DiagnosisSettings(num_batches=50)))
    assert gradients.disc.cosine < 0.999
