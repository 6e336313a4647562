"""Signs are seen where they are, once as long as they last, and not in a run that goes well."""

import math

from equipoise.cli.main import main
from equipoise.cli.signs import Signs, at_its_bound, distance_rises, lead_grows, numbers_grow

IDEAL = math.log(4)


def losses(*values):
    return [{"disc_loss": value, "disc_gap": value - IDEAL, "gen_loss": 0.7} for value in values]


def test_a_balanced_game_shows_no_sign():
    records = losses(*(1.3 + 0.05 * math.sin(step) for step in range(60)))
    for end in range(1, 60):
        assert not any(rule(records[:end]) for rule in (numbers_grow, lead_grows, at_its_bound))


def test_missing_numbers_show_no_sign():
    records = [{"disc_loss": None, "disc_gap": None, "gen_loss": math.nan}] * 9
    assert not any(rule(records) for rule in (numbers_grow, lead_grows, at_its_bound))
    assert distance_rises([{"values": {"fd": None}}] * 5) is None


def test_a_noisy_lead_is_no_growing_one():
    assert lead_grows(losses(1.3, 1.1, 0.9, 0.95, 0.7)) is None
    assert lead_grows(losses(1.3, 1.1, 0.9, 0.8, 0.7)) is not None
    assert lead_grows(losses(1.39, 1.38, 1.37, 1.36, 1.35)) is None


def test_a_wasserstein_critic_has_no_bound():
    records = [{"disc_loss": -loss, "disc_gap": -loss, "gen_loss": 0.0} for loss in (1.0, 2.0, 3.0, 4.0, 5.0)]
    assert lead_grows(records) is None
    assert at_its_bound(records) is None


def test_one_spike_is_no_growth():
    assert numbers_grow([{"gen_loss": loss} for loss in (0.7, 0.7, 0.7, 0.7, 900.0, 0.7)]) is None


def test_a_rise_near_the_best_is_none():
    assert distance_rises([{"values": {"fd": fd}} for fd in (9.0, 2.0, 2.1, 2.2, 2.3)]) is None


def test_a_sign_is_said_once_until_it_has_passed():
    said = []
    signs = Signs(said.append)
    for step, record in enumerate(losses(*[0.001] * 6, *[1.3] * 3, *[0.001] * 3)):
        signs.on_metrics(record | {"step": step})
    assert [line.split(" the ")[0] for line in said] == ["look: at step 2", "look: at step 11"]


def test_a_run_that_goes_wrong_says_so_while_it_does(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    steps = ["--training.steps", "40", "--training.log-every", "5", "--evaluation.features", "none", "--threads", "1"]
    main(["train", "digits", "--disc.lr", "3", "--gen.lr", "3", "--game.penalty", "none", *steps])
    assert "the discriminator's loss is at its bound (0): the generator learns nothing" in capsys.readouterr().out
