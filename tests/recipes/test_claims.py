"""Every claim: arms that can be compared, at one budget, tuned over valid settings."""

import pytest

from equipoise.cli.arms import parse_claim
from equipoise.config import RunSettings
from equipoise.recipes.claims import CLAIMS
from equipoise.recipes.claims.conjugate_gradients import CG_ARMS
from equipoise.studies.comparison.arms import protocol_of
from equipoise.studies.comparison.budget import cost_of_round
from equipoise.studies.plan import run_key


@pytest.mark.parametrize("name", CLAIMS)
def test_a_claim_is_whole(name):
    claim = CLAIMS[name]
    arms = claim.arms(claim.gradients)
    assert name == claim.name
    assert claim.contrasts
    assert all(one.better in arms and one.worse in arms for one in claim.contrasts)
    every = [settings for candidates in arms.values() for settings in candidates.values()]
    for settings in every:
        assert RunSettings.model_validate(settings.model_dump()) == settings  # copies are not validated by themselves
    assert len({str(protocol_of(settings)) for settings in every}) == 1
    assert all(len({run_key(one) for one in candidates.values()}) == len(candidates) for candidates in arms.values())


@pytest.mark.parametrize("name", CLAIMS)
def test_all_runs_of_a_claim_get_the_same_gradients(name):
    claim = CLAIMS[name]
    for candidates in claim.arms(claim.gradients).values():
        training = next(iter(candidates.values())).training
        assert training.steps * cost_of_round(training)["gradients"] == claim.gradients


def test_both_scales_have_the_same_arms_and_contrasts():
    for name, claim in CLAIMS.items():
        if name.endswith("-paper"):
            small = CLAIMS[name.removesuffix("-paper")]
            assert small.contrasts == claim.contrasts
            assert small.arms(1200).keys() == claim.arms(1200).keys()
            assert small.gradients < claim.gradients


def test_arms_of_the_scheduler_try_the_same_draws():
    arms = CLAIMS["gap-wgan"].arms(1000)
    assert arms["off"].keys() == arms["on"].keys() == arms["decay"].keys()
    assert len(arms["off"]) == 16
    for label, off in arms["off"].items():
        on, decoupled = arms["on"][label], arms["off-decoupled"][label]
        assert off.model_copy(update={"disc": on.disc}) == on
        assert on.disc.model_copy(update={"schedule": off.disc.schedule}) == off.disc
        assert off.disc.lr == off.gen.lr == decoupled.disc.lr != decoupled.gen.lr
        assert 1e-4 <= off.disc.lr <= 1e-2
        assert 1e-3 <= off.game.clip <= 1


def test_effective_steps_of_the_optimisers_are_equal():
    arms = CLAIMS["cg-cifar10"].arms(1000)
    rates = {name: sorted({one.disc.lr for one in candidates.values()}) for name, candidates in arms.items()}
    assert all(len(candidates) == 9 for candidates in arms.values())
    assert rates["sgd"] == rates["cg-fr"] == rates["cg-hs"]
    for name in ("momentum-0.5", "momentum-0.9"):
        gain = 1 / (1 - CG_ARMS[name][0].momentum)
        assert [gain * rate for rate in rates[name]] == pytest.approx(rates["sgd"])
    assert rates["sgd-2x"] == [2 * rate for rate in rates["sgd"]]


def test_options_hold_for_every_configuration_even_where_the_first_has_them_already():
    words = ["--evaluation.every", "100", "--training.batch-size", "8", "--game.latent-dim=16"]
    _, arms = parse_claim("claim:ttur-wgan-gp", words, 1200, ())
    every = [settings for candidates in arms.values() for settings in candidates.values()]
    assert len({one.evaluation.every for one in CLAIMS["ttur-wgan-gp"].arms(1200)["one-rate"].values()}) == 1
    assert {(one.evaluation.every, one.training.batch_size, one.game.latent_dim) for one in every} == {(100, 8, 16)}


def test_the_diagonal_is_part_of_the_grid():
    arms = CLAIMS["ttur-dcgan"].arms(1000)
    assert len(arms["two-rates"]) == 25
    assert all(arms["two-rates"][label] == settings for label, settings in arms["one-rate"].items())
    assert all(one.disc.lr == one.gen.lr for one in arms["one-rate"].values())
