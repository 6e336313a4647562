"""Scheduled numbers in training: the gap-aware rate of every update, and betas, penalties and averages by the step."""

import json
import math

import pytest
import torch
from PIL import Image

from equipoise.config import RunSettings
from equipoise.core.errors import UserError
from equipoise.core.tensors import pack, unpack
from equipoise.games import OBJECTIVES
from equipoise.optimizers import OPTIMIZERS
from equipoise.schedules import GapAware, GapCurve
from equipoise.training import train
from equipoise.training.guarding.probe import probe
from equipoise.training.orders import ORDERS
from equipoise.training.session import Session

GAP = {"schedule": {"gap": "exponential"}}


def settings(**changes) -> RunSettings:
    """Small players on a ring of Gaussians, the discriminator penalised, both followed by their gaps."""
    values = {
        "name": "run",
        "threads": 1,
        "data": {"source": "ring"},
        "network": {"architecture": "mlp", "width": 8, "depth": 1, "disc_norm": "none", "gen_norm": "none"},
        "game": {"penalty": "r1", "penalty_weight": 1.0, "latent_dim": 4},
        "disc": {"lr": 1e-2, **GAP},
        "gen": {"lr": 1e-2, **GAP},
        "training": {"steps": 40, "batch_size": 16},
    }
    for name, change in changes.items():
        values[name] = {**values[name], **change} if isinstance(values.get(name), dict) else change
    return RunSettings.model_validate(values)


def watch(player):
    """What happens to a player from now on: ("loss", value) and ("update", rate in force)."""
    events, observe, apply = [], player.gap.observe, player.apply

    def observed(loss):
        events.append(("loss", loss.item()))
        observe(loss)

    def applied(gradients):
        apply(gradients)
        events.append(("update", player.rate))

    player.gap.observe, player.apply = observed, applied
    return events


@pytest.mark.parametrize("disc_steps", [1, 3])
@pytest.mark.parametrize("order", ORDERS)
def test_each_update_of_every_order_is_made_at_the_rate_of_its_own_loss(order, disc_steps):
    """One adversarial loss before each update, and the average that includes it sets that update's rate."""
    session = Session(settings(training={"order": order, "disc_steps": disc_steps}))
    watched = [(player, watch(player)) for player in (session.match.disc, session.match.gen)]
    for _ in range(6):
        session.play_round()
    for (player, events), ideal in zip(watched, (math.log(4), math.log(2)), strict=True):
        average, curve = ideal, GapCurve.around(ideal)
        assert [kind for kind, _ in events] == ["loss", "update"] * player.num_updates
        for (_, loss), (_, rate) in zip(events[::2], events[1::2], strict=True):
            average = 0.95 * average + 0.05 * loss
            exponent = min(abs(average - ideal) / curve.above, 1)
            assert rate == pytest.approx(1e-2 * (2.0 if average > ideal else 0.1) ** exponent, rel=1e-9)
    assert session.match.disc.num_updates == 6 * disc_steps


@pytest.mark.parametrize("order", ORDERS)
def test_what_is_followed_is_the_adversarial_loss_alone(order):
    session = Session(settings(training={"order": order}, game={"penalty_weight": 100.0}))
    disc, gen = watch(session.match.disc), watch(session.match.gen)
    for _ in range(5):
        disc_terms, gen_terms = session.order.play(session.match)
        assert disc_terms.penalty.item() > 0
        assert [value for kind, value in disc if kind == "loss"][-1] == disc_terms.adversarial.item()
        assert [value for kind, value in gen if kind == "loss"][-1] == gen_terms.adversarial.item()


def test_simultaneous_descent_on_the_dirac_gan_against_a_loop_by_hand():
    """Base x decay x factor for 200 rounds, in plain Python: psi descends, theta descends, both from the same point."""
    disc_lr, gen_lr, num_steps = 0.2, 0.1, 200
    changes = {"decay": "linear", "final": 0.5, "gap": "linear"}
    session = Session(
        RunSettings.model_validate(
            {
                "game": {"kind": "dirac", "objective": "nonsaturating", "penalty": "r1", "penalty_weight": 0.3},
                "disc": {"optimizer": "sgd", "lr": disc_lr, "schedule": changes},
                "gen": {"optimizer": "sgd", "lr": gen_lr},
                "training": {"steps": num_steps, "order": "simultaneous", "ema": 0.0},
            }
        )
    )
    psi, theta, average = 0.0, 1.0, math.log(4)
    for step in range(num_steps):
        score = psi * theta
        average = 0.95 * average + 0.05 * (math.log(2) + math.log1p(math.exp(score)))
        gap = (average - math.log(4)) / (0.1 * math.log(4))
        factor = 1 + min(gap, 1) if gap > 0 else 1 - 0.9 * min(-gap, 1)
        rate = disc_lr * (1 - 0.5 * step / num_steps) * factor
        sigmoid = 1 / (1 + math.exp(-score))
        psi, theta = psi - rate * (theta * sigmoid + 0.3 * psi), theta + gen_lr * psi * (1 - sigmoid)
        session.play_round()
        assert session.match.disc.rate == pytest.approx(rate, rel=1e-9)
    assert session.board.game.disc.value.item() == pytest.approx(psi, rel=1e-9)
    assert session.board.game.gen.value.item() == pytest.approx(theta, rel=1e-9)


@pytest.mark.parametrize("optimizer", OPTIMIZERS)
def test_every_optimizer_follows(optimizer):
    change = {"disc": {"optimizer": optimizer}, "gen": {"optimizer": optimizer}, "training": {"order": "simultaneous"}}
    session = Session(settings(**change))
    session.match.disc.gap = GapAware(10.0)  # the discriminator is far ahead of such an ideal
    for _ in range(100):
        session.play_round()
    assert session.match.disc.rate == pytest.approx(1e-2 * 0.1)
    assert not probe(session).broken


@pytest.mark.parametrize("objective", OBJECTIVES)
def test_every_objective_brings_its_ideal_value(objective):
    clip = 0.1 if objective == "wasserstein" else None
    session = Session(settings(game={"objective": objective, "clip": clip}, gen={"schedule": {}}))
    assert session.match.disc.gap.ideal_loss == OBJECTIVES[objective].ideal_disc_loss
    events = watch(session.match.disc)
    for _ in range(20):
        session.play_round()
    assert len({rate for kind, rate in events if kind == "update"}) > 1
    assert all(1e-3 <= rate <= 2e-2 for kind, rate in events if kind == "update")


@pytest.mark.parametrize("late", [False, True])
@pytest.mark.parametrize("order", ORDERS)
def test_a_session_goes_on_bit_for_bit_on_both_paths(order, late):
    def begin():
        session = Session(settings(training={"order": order, "disc_steps": 2}))
        for player, ideal in ((session.match.disc, math.log(4)), (session.match.gen, math.log(2))):
            player.gap = GapAware(ideal, late=late)
        return session

    whole, first, second = begin(), begin(), begin()
    for _ in range(20):
        whole.play_round()
    for _ in range(7):
        first.play_round()
    networks = {
        name: {key: value.clone() for key, value in each.items()} for name, each in first.networks_state().items()
    }
    tensors, skeleton = pack(first.state_dict())
    second.load(networks, unpack(tensors, json.loads(json.dumps(skeleton))))
    for _ in range(13):
        second.play_round()
    for name, state in whole.networks_state().items():
        assert all(torch.equal(value, second.networks_state()[name][key]) for key, value in state.items())
    assert second.match.disc.gap.state_dict() == whole.match.disc.gap.state_dict()
    assert second.match.disc.rate == whole.match.disc.rate


def test_the_late_path_trains_as_the_prompt_one():
    """On a Dirac-GAN that converges, both paths stay within 4 % of the start's distance and meet at the equilibrium."""
    points = []
    for late in (False, True):
        session = Session(
            RunSettings.model_validate(
                {
                    "game": {"kind": "dirac", "penalty": "r1", "penalty_weight": 0.3},
                    "disc": {"optimizer": "sgd", "lr": 0.2},
                    "gen": {"optimizer": "sgd", "lr": 0.1},
                    "training": {"order": "simultaneous", "ema": 0.0},
                }
            )
        )
        session.match.disc.gap, path = GapAware(math.log(4), late=late), []
        for _ in range(300):
            session.play_round()
            path.append((session.board.game.disc.value.item(), session.board.game.gen.value.item()))
        points.append(path)
    distances = [math.dist(*pair) for pair in zip(*points, strict=True)]
    assert 0 < max(distances) < 0.04
    assert all(math.hypot(*path[-1]) < 1e-3 for path in points)


def test_records_show_what_the_schedule_sees_and_does(tmp_path):
    train(settings(root=str(tmp_path), training={"log_every": 10}))
    lines = [json.loads(line) for line in (tmp_path / "run/metrics.jsonl").read_text().splitlines()]
    assert len(lines) == 4
    for line in lines:
        for name, ideal in (("disc", math.log(4)), ("gen", math.log(2))):
            assert line[f"{name}_ideal_loss"] == ideal
            assert line[f"{name}_gap"] == pytest.approx(line[f"{name}_loss"] - ideal)
            assert line[f"{name}_rate"] == pytest.approx(1e-2 * line[f"{name}_gap_factor"])
            assert 0.1 <= line[f"{name}_gap_factor"] <= 2
            assert (line[f"{name}_gap_factor"] > 1) == (line[f"{name}_average_loss"] > ideal)


def test_a_tuned_ideal_value_goes_before_the_objective_s(tmp_path):
    train(settings(root=str(tmp_path), disc={"schedule": {"gap": "linear", "ideal_loss": 1.0}}))
    line = json.loads((tmp_path / "run/metrics.jsonl").read_text().splitlines()[-1])
    assert line["disc_ideal_loss"] == 1.0
    assert line["disc_gap"] == pytest.approx(line["disc_loss"] - 1.0)


def test_runs_without_the_schedule_say_nothing_of_it(tmp_path):
    train(settings(root=str(tmp_path), disc={"schedule": {}}, gen={"schedule": {}}))
    assert "gap_factor" not in (tmp_path / "run/metrics.jsonl").read_text()


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"game": {"objective": "hinge"}}, "gap-aware schedule of gen needs an ideal loss"),
        ({"game": {"objective": "wasserstein", "clip": 0.1}}, r"set gen\.schedule\.ideal_loss to a number"),
        ({"disc": {"schedule": {"gap": "linear", "decay": "exponential", "final": 0.0}}}, "cannot reach 0"),
    ],
)
@pytest.mark.filterwarnings("ignore::equipoise.core.errors.IgnoredSettingWarning")
def test_requests_that_cannot_be_met_write_nothing(tmp_path, changes, words):
    with pytest.raises(UserError, match=words):
        train(settings(root=str(tmp_path), **changes))
    assert not list(tmp_path.iterdir())


def test_smoothed_labels_bring_their_own_ideal_value():
    session = Session(settings(game={"real_target": 0.9}))
    assert session.match.disc.gap.ideal_loss == pytest.approx(1.376278, abs=1e-6)


def test_other_scheduled_numbers_are_in_force_in_every_round():
    session = Session(
        settings(
            game={"penalty_weight": {"value": 4.0, "decay": "linear", "final": 0.5}},
            disc={"betas": [{"value": 0.5, "decay": "linear", "final": 0.0}, 0.9], "schedule": {}},
            training={"ema": {"value": 0.9, "decay": "linear", "final": 1.1}},
        )
    )
    for step in range(40):
        session.play_round()
        part = step / 40
        assert session.board.game.penalty_weight == pytest.approx(4.0 * (1 - 0.5 * part))
        assert session.match.disc.optimizer.param_groups[0]["betas"] == pytest.approx((0.5 * (1 - part), 0.9))
        assert session.average.decay == pytest.approx(0.9 * (1 + 0.1 * part))


def test_a_scheduled_penalty_is_the_one_that_is_paid():
    """At one point of the Dirac-GAN, whose penalty is weight x psi^2 / 2."""
    weight = {"value": 4.0, "decay": "step", "gamma": 0.5, "interval": 1}
    session = Session(
        RunSettings.model_validate(
            {
                "game": {"kind": "dirac", "penalty": "r1", "penalty_weight": weight},
                "disc": {"optimizer": "sgd", "lr": 1e-30},
                "gen": {"optimizer": "sgd", "lr": 1e-30},
            }
        )
    )
    session.board.game.disc.value.data.fill_(3.0)
    for step in range(4):
        session.play_round()
        assert session.meter.read()["disc_penalty"] == pytest.approx(4.0 * 0.5**step * 9 / 2)


@pytest.fixture
def with_dropout(tmp_path):
    """Settings of a small run on pictures whose discriminator drops features."""
    pictures = tmp_path / "pictures"
    pictures.mkdir()
    for number in range(20):
        Image.new("L", (28, 28), number * 12).save(pictures / f"{number}.png")
    return settings(
        data={"source": "folder", "path": str(pictures)},
        network={"architecture": "dcgan-5x5", "width": 4, "dropout": 0.3, "depth": 3},
        game={"penalty": "none", "penalty_weight": 10.0},
        training={"batch_size": 8},
    )


def test_a_run_with_dropout_goes_on_bit_for_bit(with_dropout):
    whole, first, second = (Session(with_dropout) for _ in range(3))
    for _ in range(6):
        whole.play_round()
    for _ in range(3):
        first.play_round()
    torch.manual_seed(99)  # whatever the process has drawn in between
    tensors, skeleton = pack(first.state_dict())
    second.load(first.networks_state(), unpack(tensors, json.loads(json.dumps(skeleton))))
    for _ in range(3):
        second.play_round()
    for name, state in whole.networks_state().items():
        assert all(torch.equal(value, second.networks_state()[name][key]) for key, value in state.items())


def test_measuring_the_noise_leaves_dropout_as_it_was(with_dropout):
    measured = with_dropout.model_copy(
        update={"training": with_dropout.training.model_copy(update={"measure_noise_every": 1})}
    )
    one, other = Session(with_dropout), Session(measured)
    for _ in range(3):
        one.play_round()
        other.play_round()
    for name, state in one.networks_state().items():
        assert all(torch.equal(value, other.networks_state()[name][key]) for key, value in state.items())
