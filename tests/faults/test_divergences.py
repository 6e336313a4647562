"""Each kind of divergence is found within its stated delay, and each policy does what it says."""

import json

import pytest
import torch
from faultlab.divergences import CASES, diverge
from faultlab.lab import small
from safetensors.torch import load_file

from equipoise.core.outcomes import Outcome
from equipoise.training import resume, train
from equipoise.training.checkpoint import checkpoint_path, checkpoint_steps

IDS = [f"{case.name} {case.detector}" for case in CASES]


@pytest.mark.parametrize("case", CASES, ids=IDS)
def test_a_stop_comes_within_the_stated_delay_and_says_what_to_do(case, tmp_path):
    result = diverge(case, "stop", tmp_path)
    assert result.ending.outcome is Outcome.DIVERGED
    assert result.shows_at <= result.ending.step <= result.shows_at + case.delay
    assert f"at step {result.ending.step}" in result.ending.sentence
    assert f"--guard.{case.detector.replace('_', '-')} rollback" in result.ending.next
    assert json.loads((tmp_path / "run/outcome.json").read_text())["next"] == result.ending.next
    for step in checkpoint_steps(tmp_path / "run/checkpoints"):
        for file in checkpoint_path(tmp_path / "run/checkpoints", step).glob("*.safetensors"):
            assert all(bool(tensor.isfinite().all()) for tensor in load_file(file).values())


@pytest.mark.parametrize("case", CASES, ids=IDS)
def test_a_warning_is_given_once_and_stands_in_the_ending(case, tmp_path):
    result = diverge(case, "warn", tmp_path)
    assert result.ending.outcome is Outcome.COMPLETE
    assert [event["done"] for event in result.events] == ["warn"]
    assert "The guard warned once" in result.ending.sentence
    assert sum("At step" in words for words in result.warned) == 1


@pytest.mark.parametrize("case", CASES, ids=IDS)
def test_a_rollback_goes_to_before_the_trouble_at_lower_rates(case, tmp_path):
    result = diverge(case, "rollback", tmp_path)
    assert result.ending.outcome is Outcome.COMPLETE
    (event,) = result.events
    assert event["done"] == "rollback"
    assert event["to_step"] < event["step"]
    assert event["to_step"] <= 20 or case.detector == "disc_wins"  # there, up to where the loss is pinned
    state = json.loads((tmp_path / "run/checkpoints" / f"step-{result.ending.step:06d}" / "state.json").read_text())
    assert (state["guard"]["num_rollbacks"], state["guard"]["rate_factor"]) == (1, 0.5)


@pytest.mark.parametrize("case", CASES[:1], ids=IDS[:1])
def test_what_is_ignored_leaves_no_trace(case, tmp_path):
    result = diverge(case, "ignore", tmp_path)
    assert result.ending.outcome is Outcome.COMPLETE
    assert not result.events
    assert "guard" not in result.ending.sentence


def test_rollbacks_are_bounded_and_then_the_run_has_diverged(tmp_path):
    sgd = {"optimizer": "sgd", "betas": None, "lr": 1e30, "schedule": {"decay": "constant", "final": 0.01}}
    guard = {"nonfinite": "rollback", "max_rollbacks": 2}
    with pytest.warns(UserWarning, match="back to step 0"):
        ending = train(small("ring", tmp_path, {"disc": sgd, "guard": guard}))
    assert ending.outcome is Outcome.DIVERGED
    assert "after 2 rollbacks" in ending.sentence
    assert "equipoise train --config" in ending.next


def test_what_comes_next_after_a_stop_can_be_done(tmp_path):
    sgd = {"optimizer": "sgd", "betas": None, "lr": 1e30, "schedule": {"decay": "constant", "final": 0.01}}
    settings = small("ring", tmp_path, {"disc": sgd})
    assert train(settings).outcome is Outcome.DIVERGED
    guard = settings.guard.model_copy(update={"nonfinite": "rollback", "rollback_rate": 1e-33})
    with pytest.warns(UserWarning, match=r"back to step|guard.nonfinite 'stop' -> 'rollback'"):
        ending = resume(tmp_path / "run", settings=settings.model_copy(update={"guard": guard}))
    assert ending.outcome is Outcome.COMPLETE
    assert "went back once" in ending.sentence


def test_draws_after_a_rollback_are_others_and_always_the_same(tmp_path):
    from equipoise.core.seeding import Streams

    def draws(branch):
        streams = Streams(0)
        first = torch.rand(3, generator=streams["latents"])
        streams.begin_branch(branch)
        return first, torch.rand(3, generator=streams["latents"]), torch.rand(3, generator=streams["new"])

    one, same, other = draws("rollback 1"), draws("rollback 1"), draws("rollback 2")
    assert all(torch.equal(a, b) for a, b in zip(one, same, strict=True))
    assert not torch.equal(one[1], other[1])
    assert not torch.equal(one[2], other[2])
    assert not torch.equal(one[0], one[1])
