"""Every rule says what its records show, with their numbers, and nothing where they show nothing."""

import math
from pathlib import Path

import pytest

from equipoise.reports.pages.findings import findings, next_steps, verdict
from equipoise.reports.pages.findings.balance import whether_losses_exploded, who_wins
from equipoise.reports.pages.findings.confusion import whether_domains_are_told_apart
from equipoise.reports.pages.findings.convergence import where_it_went, whether_it_converged
from equipoise.reports.pages.findings.copying import whether_it_copies
from equipoise.reports.pages.findings.coverage import what_was_found
from equipoise.reports.pages.findings.ending import how_it_ended, what_the_guard_saw
from equipoise.reports.pages.findings.noise import what_the_noise_says
from equipoise.reports.pages.records import RunRecords

IDEAL = math.log(4)
BASE = {"disc": {"lr": 4e-4}, "gen": {"lr": 2e-4}, "training": {"batch_size": 64}, "game": {"penalty": "none"}}


def run(**records):
    return RunRecords(path=Path("runs/mine"), **{"settings": {"name": "mine"} | BASE, **records})


def measured(values, judge="fd", **more):
    return [{"step": 100 * n, "values": {judge: v} | more, "judge": judge} for n, v in enumerate(values)]


def played(disc_losses, gen_losses=None, ideal=IDEAL):
    gen_losses = gen_losses or [0.7] * len(disc_losses)
    return [
        {"step": n, "disc_loss": d, "disc_gap": d - ideal, "gen_loss": g, "gen_gap": g - IDEAL / 2}
        for n, (d, g) in enumerate(zip(disc_losses, gen_losses, strict=True), start=1)
    ]


@pytest.mark.parametrize(
    ("values", "tone", "headline"),
    [
        ([100, 10, 5, 4.9, 4.9, 4.88], "good", "It learned, and settled"),
        ([100, 50, 25, 12, 6, 3], "good", "It learned, and was still improving"),
        ([100, 10, 5, 5.5, 6, 6.2], "good", "It learned, and settled"),
        ([100, 10, 5, 6, 7, 8], "plain", "It got worse again"),
        ([100, 10, 5, 20, 80, 150], "bad", "It got worse again"),
        ([100, 110, 95, 140, 150, 150], "bad", "It did not learn"),
        ([100, 50, None], "bad", "Samples were not finite"),
        ([100, 50], "plain", "Too few measurements to tell"),
        ([0.0, 0.0, 0.0], "good", "It learned, and settled"),
    ],
)
def test_the_course_of_the_distance(values, tone, headline):
    found = whether_it_converged(run(evaluations=measured(values)))
    assert (found.tone, found.headline) == (tone, headline)


def test_a_rise_within_the_interval_is_none():
    records = measured([100, 10, 4, 4, 5.4])
    records[-1]["intervals"] = {"fd": {"low": 3.0, "high": 7.0}}
    assert whether_it_converged(run(evaluations=records)).headline == "It learned, and settled"
    del records[-1]["intervals"]
    assert whether_it_converged(run(evaluations=records)).headline == "It got worse again"


def test_records_of_the_last_quarter_alone_have_nothing_before_them():
    records = [{"step": step, "values": {"fd": 9.0 - step / 1000}} for step in (900, 950, 1000)]
    assert whether_it_converged(run(evaluations=records)).headline == "It did not learn"
    records = [{"step": step, "values": {"fd": value}} for step, value in ((900, 9.0), (950, 5.0), (1000, 5.0))]
    assert whether_it_converged(run(evaluations=records)).headline == "It learned, and settled"


def test_the_best_checkpoint_is_named_where_it_got_worse():
    found = whether_it_converged(run(evaluations=measured([100, 10, 5, 20, 80, 150])))
    assert found.command == "equipoise sample runs/mine --step 200"
    assert "FD 100 before the first step, 5 at best (step 200), 150 at the end: 30.0 times the best." in found.sentence


def test_an_unmeasured_run_is_told_how_to_be():
    assert whether_it_converged(run()).headline == "Nothing was measured"


def test_the_floor_of_real_text_is_given():
    records = measured([1.0, 0.5, 0.3, 0.2], judge="jsd4")
    records[-1]["protocol"] = {"floor": {"jsd4": 0.01}}
    assert "where real text gets 0.01" in whether_it_converged(run(evaluations=records)).sentence


@pytest.mark.parametrize(
    ("losses", "tone", "headline"),
    [
        ([1.3] * 8, "good", "Neither player wins"),
        ([1.3, 1.0, 0.5, 0.2, 0.05, 0.01, 0.0, 0.0], "bad", "The discriminator has won"),
        ([1.3, 1.0, 0.9, 0.8, 0.7, 0.6, 0.5, 0.4], "plain", "The discriminator is far ahead"),
        ([1.3] * 6 + [1.6, 1.6], "plain", "The generator is ahead"),
    ],
)
def test_who_wins(losses, tone, headline):
    found = who_wins(run(metrics=played(losses)))
    assert (found.tone, found.headline) == (tone, headline)


def test_a_growing_lead_is_said():
    assert "Its lead still grows." in who_wins(run(metrics=played([1.3, 1.2, 1.1, 1.0, 0.9, 0.8, 0.75, 0.7]))).sentence
    assert "Its lead still grows." not in who_wins(run(metrics=played([1.0] * 8))).sentence


def test_a_blind_discriminator_is_seen_by_the_distance():
    blind = run(metrics=played([IDEAL] * 8), evaluations=measured([100, 99, 98]))
    assert who_wins(blind).headline == "The discriminator sees no difference, though there is one"
    done = run(metrics=played([IDEAL] * 8), evaluations=measured([100, 20, 3]))
    assert who_wins(done).headline == "Neither player wins"


@pytest.mark.parametrize(
    ("losses", "values", "tone"),
    [
        ([-4.0, -4.0, -3.0, -3.0, -2.0, -2.0, -1.0, -1.0], [], "good"),
        ([-1.0, -1.0, -2.0, -2.0, -3.0, -3.0, -4.0, -4.0], [1.0, 0.5], "good"),
        ([-1.0, -1.0, -2.0, -2.0, -3.0, -3.0, -4.0, -4.0], [1.0, 1.0], "plain"),
    ],
)
def test_a_wasserstein_critic_has_no_ideal_to_win_by(losses, values, tone):
    found = who_wins(run(metrics=played(losses, ideal=0.0), evaluations=measured(values)))
    assert found.tone == tone
    assert "critic" in found.headline.lower()


def test_a_bounded_discriminator_is_not_told_to_be_bounded():
    losses = played([0.0] * 8)
    assert "--game.penalty r1" in who_wins(run(metrics=losses)).command
    bounded = {"name": "mine"} | BASE | {"game": {"penalty": "r1"}}
    assert "--game.penalty" not in who_wins(run(metrics=losses, settings=bounded)).command


def test_few_or_broken_losses_tell_nothing():
    assert who_wins(run(metrics=played([1.0, 1.0, 1.0]))) is None
    assert who_wins(run(metrics=[{"step": n, "disc_loss": None, "disc_gap": None} for n in range(9)])) is None


def test_exploded_losses():
    found = whether_losses_exploded(run(metrics=played([0.0] * 8, [0.7, 5, 1e3, 1e6, 1e7, 1e7, 1e7, 1e7])))
    assert found.tone == "bad"
    assert "1e7" in found.sentence
    assert "--disc.lr 4e-05 --gen.lr 2e-05" in found.command
    assert whether_losses_exploded(run(metrics=played([1.3] * 8, [0.7, 500, 1, 1, 1, 1, 1, 1]))) is None


@pytest.mark.parametrize(
    ("counts", "source", "headline"),
    [
        ([0, 8, 8], "ring", "All modes are there"),
        ([0, 6, 6], "ring", "Not all modes were found"),
        ([0, 8, 3], "ring", "Modes were lost"),
        ([0, 6, 6], "elsewhere", "All modes are there"),
    ],
)
def test_modes(counts, source, headline):
    records = [{"step": n, "values": {"fd": 1.0, "modes": count}} for n, count in enumerate(counts)]
    assert what_was_found(run(evaluations=records, settings=BASE | {"data": {"source": source}})).headline == headline


def test_no_modes_are_missed_where_none_are_counted():
    assert what_was_found(run(evaluations=measured([1.0]))) is None


@pytest.mark.parametrize(
    ("scale", "headline"),
    [
        (64.0, "The batch size fits"),
        (1000.0, "A larger batch may need fewer steps"),
        (4.0, "A smaller batch may cost less"),
    ],
)
def test_the_noise_scale_against_the_batch(scale, headline):
    records = [{"step": n, "disc_noise_scale": scale, "gen_noise_scale": None} for n in range(8)]
    assert what_the_noise_says(run(metrics=records)).headline == headline


def test_no_noise_no_word():
    assert what_the_noise_says(run(metrics=played([1.0] * 8))) is None


@pytest.mark.parametrize(
    ("distances", "typical", "headline"),
    [([3.0, 2.5], 2.0, "No copies were seen"), ([0.1, 0.0], 2.0, "Samples are copies, or nearly")],
)
def test_copies(distances, typical, headline):
    assert whether_it_copies(run(neighbours={"distances": distances, "typical": typical})).headline == headline


@pytest.mark.parametrize(
    "neighbours", [{}, {"distances": []}, {"distances": "many", "typical": 1}, {"distances": [1], "typical": None}]
)
def test_damaged_neighbours_tell_nothing(neighbours):
    assert whether_it_copies(run(neighbours=neighbours)) is None


@pytest.mark.parametrize(
    ("points", "headline"),
    [([4.0, 2.0, 0.01], "It arrived"), ([4.0, 3.0, 2.0], "It comes nearer"), ([4.0, 4.0, 4.1], "It circles"),
     ([4.0, 9.0, 90.0], "It ran away"), ([4.0, 4.0, None], "It ran away"), ([4.0], "Too few records to tell")],
)  # fmt: skip
def test_points(points, headline):
    records = [{"step": n, "disc_point": [x], "gen_point": [0.0]} for n, x in enumerate(points)]
    assert where_it_went(run(metrics=records)).headline == headline
    assert whether_it_converged(run(metrics=records)) is None
    assert who_wins(run(metrics=records)) is None


@pytest.mark.parametrize(
    ("outcome", "tone", "headline"),
    [({}, "plain", "It has not ended"), ({"outcome": "exploded"}, "plain", "It has not ended"),
     ({"outcome": "diverged", "sentence": "Diverged at step 3: x."}, "bad", "Diverged"),
     ({"outcome": "complete"}, "good", "Complete")],
)  # fmt: skip
def test_endings(outcome, tone, headline):
    found = how_it_ended(run(outcome=outcome))
    assert (found.tone, found.headline) == (tone, headline)


def test_what_the_run_itself_proposes_is_kept():
    next_lines = (
        "The best checkpoint: equipoise sample a --step 3\nStart again at lower rates: equipoise train --name b"
    )
    found = how_it_ended(run(outcome={"outcome": "diverged", "sentence": "Diverged at step 3: x.", "next": next_lines}))
    assert (found.advice, found.command) == ("Start again at lower rates", "equipoise train --name b")
    assert found.sentence == "At step 3: x."


def test_events():
    events = [
        {"step": 7, "done": "warn", "sentence": "the sky falls"},
        {"step": 9, "done": "rollback", "sentence": "b"},
    ]
    found = what_the_guard_saw(run(events=events))
    assert found.headline == "The guard warned once and went back once"
    assert found.sentence == "First at step 7: the sky falls."
    assert what_the_guard_saw(run()) is None


def test_the_verdict_is_that_of_the_worst():
    lost = run(metrics=played([0.0] * 8), evaluations=measured([100, 110, 120]), outcome={"outcome": "complete"})
    assert verdict(findings(lost)) == ("bad", "It did not learn; the discriminator has won")
    well = run(
        metrics=played([1.3] * 8), evaluations=measured([100, 10, 5, 4.9, 4.9, 4.88]), outcome={"outcome": "complete"}
    )
    assert verdict(findings(well)) == ("good", "It learned, and settled; neither player wins")
    assert verdict(findings(run())) == ("plain", "It has not ended; nothing was measured")


def test_what_is_bad_comes_first_and_what_is_good_is_then_left_out():
    outcome = {"outcome": "complete", "next": "Make examples with: equipoise sample runs/mine"}
    lost = run(metrics=played([0.0] * 8), evaluations=measured([100, 110, 120]), outcome=outcome)
    steps = next_steps(findings(lost))
    assert [step.tone for step in steps] == ["bad", "bad"]
    assert steps[0].headline == "The discriminator has won"
    well = run(metrics=played([1.3] * 8), evaluations=measured([100, 50, 20, 9, 4, 2]), outcome=outcome)
    assert [step.command for step in next_steps(findings(well))] == [
        "equipoise resume runs/mine --training.steps 1000",
        "equipoise sample runs/mine",
    ]


def test_paths_in_commands_are_quoted():
    odd = RunRecords(path=Path("runs/a b;c"), settings={"name": "a b;c"})
    assert how_it_ended(odd).command == "equipoise resume 'runs/a b;c'"


@pytest.mark.parametrize(
    ("values", "tone", "headline"),
    [
        ([-0.01, -2.0, -2.2, -2.18], "good", "It learned, and settled"),
        ([-0.01, -2.0, -2.2, -1.5], "plain", "It got worse again"),
        ([-0.01, -0.011, -0.012, -0.012], "bad", "It did not learn"),
        ([-3.0, -2.0, -2.1, -2.1], "bad", "It did not learn"),
    ],
)
def test_the_course_of_a_risk_below_zero_is_judged_by_differences(values, tone, headline):
    found = whether_it_converged(run(evaluations=measured(values, judge="information_risk")))
    assert (found.tone, found.headline) == (tone, headline)


def test_a_v_star_set_by_hand_is_no_ideal():
    told = [each | {"disc_ideal": IDEAL} for each in played([1.35] * 8, ideal=1.04)]
    found = who_wins(run(metrics=told))
    assert found.headline == "Neither player wins"
    assert "its ideal is 1.386" in found.sentence


def adapted(losses, accuracy, **adaptation):
    metrics = [each | {"disc_accuracy": accuracy, "disc_ideal": IDEAL} for each in played(losses, ideal=1.04)]
    return run(
        metrics=metrics, settings={"name": "mine"} | BASE | {"game": {"kind": "domain-adversarial"}} | adaptation
    )


@pytest.mark.parametrize(
    ("loss", "accuracy", "tone", "headline"),
    [
        (IDEAL, 0.5, "good", "The domains are confused, which is the aim"),
        (1.2, 0.75, "good", "The domains are partly confused, as adapted features usually are"),
        (0.3, 0.95, "bad", "The features give the domain away"),
        (1.7, 0.5, "plain", "The discriminator is behind the features"),
    ],
)
def test_confusion_is_the_aim_of_an_adapted_run(loss, accuracy, tone, headline):
    found = whether_domains_are_told_apart(adapted([loss] * 8, accuracy))
    assert (found.tone, found.headline) == (tone, headline)
    assert who_wins(adapted([loss] * 8, accuracy)) is None


def test_nobody_plays_against_the_discriminator_of_a_bound():
    assert whether_domains_are_told_apart(adapted([IDEAL] * 8, 0.5, adaptation={"baseline": "source-only"})) is None
    assert whether_domains_are_told_apart(run(metrics=played([IDEAL] * 8))) is None
