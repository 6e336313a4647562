"""The meter of losses: what is kept, what is left out, and intervals of before there were auxiliary terms."""

import pytest
import torch

from equipoise.games import LossTerms
from equipoise.training.meter import NAMES, LossMeter

CPU = torch.device("cpu")


def number(value):
    return torch.tensor(float(value))


def test_means_are_of_unweighted_losses_and_of_what_the_game_has():
    meter = LossMeter(CPU)
    for value in (1, 3):
        gen = LossTerms(number(value), auxiliary=number(10 * value), weight=0.1, accuracy=number(0.5))
        meter.add(LossTerms(number(2 * value)), gen)
    expected = {"disc_loss": 4, "disc_penalty": 0, "gen_loss": 2, "gen_penalty": 0}
    assert meter.read() == {**expected, "gen_auxiliary": 20, "gen_accuracy": 0.5}


def test_a_game_without_auxiliary_terms_keeps_the_four_it_always_had():
    meter = LossMeter(CPU)
    meter.add(LossTerms(number(1)), LossTerms(number(1)))
    assert set(meter.read()) == {"disc_loss", "disc_penalty", "gen_loss", "gen_penalty"}


def test_the_total_is_not_finite_if_any_term_was_not():
    meter = LossMeter(CPU)
    meter.add(LossTerms(number(1)), LossTerms(number(1), auxiliary=number(float("nan"))))
    meter.add(LossTerms(number(1)), LossTerms(number(1), auxiliary=number(1)))
    assert not bool(meter.total().isfinite())


def test_an_open_interval_goes_on_also_from_a_checkpoint_of_four_terms():
    meter, other = LossMeter(CPU), LossMeter(CPU)
    meter.add(LossTerms(number(1)), LossTerms(number(5), auxiliary=number(7)))
    other.load_state_dict(meter.state_dict())
    other.add(LossTerms(number(3)), LossTerms(number(5), auxiliary=number(9)))
    assert other.read()["disc_loss"] == 2
    other.load_state_dict({"sums": torch.tensor([4.0, 0.0, 2.0, 0.0]), "num_rounds": 2})
    assert other.read()["disc_loss"] == 2
    assert len(NAMES) == 8


def test_names_and_terms_belong_together():
    meter = LossMeter(CPU)
    disc = LossTerms(number(1), number(2), number(3), accuracy=number(4))
    gen = LossTerms(number(5), number(6), number(7), accuracy=number(8))
    meter.add(disc, gen)
    assert meter.read() == {
        **{"disc_loss": 1, "disc_penalty": 2, "gen_loss": 5, "gen_penalty": 6},
        **{"disc_auxiliary": 3, "gen_auxiliary": 7, "disc_accuracy": 4, "gen_accuracy": 8},
    }
    assert meter.read() == pytest.approx(dict.fromkeys(meter.read(), 0))
