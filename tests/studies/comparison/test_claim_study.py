"""A claim: what tuning finds, the one-sided test, the verdict, and both stages with real runs."""

import json
import math
from dataclasses import replace

import numpy as np
import pytest

from equipoise.cli.main import main
from equipoise.core.errors import RunFailedError, UserError
from equipoise.recipes import RECIPES
from equipoise.recipes.claims import CLAIMS, Claim, Contrast, measured_often
from equipoise.recipes.claims.claim import diagonal
from equipoise.reports.comparison import draw_comparison
from equipoise.studies.backends import Here
from equipoise.studies.comparison.budget import Budget
from equipoise.studies.comparison.claim import SEARCH_SEED, ClaimStudy
from equipoise.studies.comparison.judging import Judged, judge, overall
from equipoise.studies.comparison.paired import paired
from equipoise.studies.comparison.played import Played
from equipoise.studies.comparison.search_figures import map_of, with_search_figures
from equipoise.studies.comparison.searched import (
    Searched,
    Tried,
    by_configuration,
    gap_correlation,
    searched,
    searches_table,
)
from equipoise.studies.comparison.trajectory import Trajectory
from equipoise.studies.engine import Engine
from equipoise.studies.folder import Standing, Status
from equipoise.studies.plan import PlannedRun

INF = math.inf
FAST = {"steps": 20, "log_every": 10, "sample_every": 20, "checkpoint_every": 20}


def pair_of(differences):
    return paired(("a", dict(enumerate(differences))), ("b", dict.fromkeys(range(len(differences)), 0.0)))


@pytest.mark.parametrize(
    ("differences", "p", "verdict"),
    [
        ([-1.0, -2.0, -1.0, -3.0, -0.5], 1 / 32, "supported"),
        ([-1.0, -2.0, -1.0, -3.0, 0.5], 2 / 32, "undecided"),
        ([1.0, 2.0, 1.0, 3.0, 0.5], 1.0, "not supported"),
        ([-INF, -2.0, -1.0, -3.0, -0.5], 1 / 32, "supported"),
        ([0.0] * 5, 1.0, "undecided"),
        ([-1.0, -2.0, -1.0], 1 / 8, "undecided"),
        ([-1.0, -2.0], None, "undecided"),
    ],
)
def test_a_contrast_is_judged_by_a_one_sided_test(differences, p, verdict):
    judged = judge(pair_of(differences), "a beats b")
    assert (judged.p, judged.verdict) == (p, verdict)


def test_a_claim_without_anything_behind_it_is_seldom_supported():
    nothing, generator = pair_of([0.0] * 5), np.random.default_rng(4)
    pairs = [replace(nothing, differences=tuple(generator.normal(size=5))) for _ in range(1500)]
    judged = [judge(pair, "") for pair in pairs]
    for verdict in ("supported", "not supported"):
        assert np.mean([one.verdict == verdict for one in judged]) == pytest.approx(1 / 32, abs=0.014)


def test_all_contrasts_of_a_claim_have_to_hold():
    good, open_, bad = Judged("a", "b", "", 0.03, 1), Judged("a", "b", "", 0.5, 0.5), Judged("a", "b", "", 1, 0.03)
    assert overall([good, good]) == "supported"
    assert overall([good, open_]) == "undecided"
    assert overall([good, open_, bad]) == "undecided"  # 0.03 is not shown among three contraries
    assert overall([good, open_, replace(bad, opposite_p=0.01)]) == "not supported"
    assert overall([bad]) == "not supported"


def test_a_claim_that_was_played_in_part_is_never_supported():
    good, bad = Judged("a", "b", "", 0.03, 1), Judged("a", "b", "", 1, 0.03)
    assert overall([good, good], is_whole=False) == "undecided"
    assert overall([bad], is_whole=False) == "not supported"
    assert overall([good, replace(bad, opposite_p=0.02)], is_whole=False) == "not supported"


def test_a_claim_with_nothing_behind_it_is_seldom_contradicted():
    nothing, generator = pair_of([0.0] * 7), np.random.default_rng(8)
    found = [
        overall([judge(replace(nothing, differences=tuple(generator.normal(size=7))), "") for _ in range(4)])
        for _ in range(250)
    ]
    assert np.mean([one == "not supported" for one in found]) <= 0.05 + 0.02  # without a correction: up to 17 %


def test_a_contrast_of_which_ranks_and_median_disagree_is_undecided():
    """Of 27 differences 13 are infinitely above 0 and 14 a little below; or the other way round."""
    for sign in (1, -1):
        judged = judge(pair_of([sign * INF] * 13 + [-0.1 * sign - 0.001 * number * sign for number in range(14)]), "")
        assert min(judged.p, judged.opposite_p) <= 0.05
        assert judged.verdict == overall([judged]) == "undecided"


# The search.


def played_run(tiny, candidate, seed, values, gap=0.5, *, diverged=False):
    run = PlannedRun(tiny(training={"steps": 100}), {"arm": "a", "candidate": candidate, "seed": seed})
    evaluations = [
        {"step": 50 * number, "values": {"fd": value, "classes": 9}, "protocol": {}}
        for number, value in enumerate(values)
    ]
    metrics = [{"step": step, "disc_gap": gap if step > 90 else 100.0} for step in range(10, 101, 10)]
    costs = [50.0 * number for number in range(len(values))]
    standing = Standing(Status.DIVERGED if diverged else Status.COMPLETE)
    return Played(run, standing, evaluations, metrics, Trajectory("a", seed, costs, values, diverged))


def test_the_search_finds_the_best_median_and_counts_what_went_wrong(tiny):
    runs = [
        *(played_run(tiny, "good", seed, [90.0, 50.0, final], gap=0.1) for seed, final in enumerate([5.0, 6.0, 20.0])),
        *(played_run(tiny, "lucky", seed, [90.0, 50.0, final], gap=0.4) for seed, final in enumerate([1.0, 9.0, 9.0])),
        *(played_run(tiny, "worse", seed, [90.0, 50.0, 95.0], gap=0.6) for seed in range(3)),
        *(played_run(tiny, "lost", seed, [90.0, 50.0], gap=2.0, diverged=True) for seed in range(3)),
    ]
    found = searched("a", runs, 100.0)
    assert found.best == "good"
    assert [one.median for one in found.tried] == [6.0, 9.0, 95.0, INF]
    assert [(one.num_diverged, one.num_collapsed) for one in found.tried] == [(0, 0), (0, 0), (0, 3), (3, 0)]
    assert [one.gap for one in found.tried] == pytest.approx([0.1, 0.4, 0.6, 2.0])
    assert found.spearman == pytest.approx(1.0)
    assert found.num_with_gap == 4
    early = replace(found, tried=(*found.tried, Tried("early", (INF,), 1, 0, None, 90.0)))  # no line of its last tenth
    assert gap_correlation(early.tried) == pytest.approx(1.0)
    table = searches_table([early], "FD").as_json()
    assert dict(zip(table["columns"], table["rows"][0], strict=True))["with a gap"] == early.num_with_gap == 4


def test_the_correlation_is_spearmans():
    from scipy import stats

    generator = np.random.default_rng(0)
    gaps, finals = generator.normal(size=(2, 16))
    tried = [
        Tried(str(n), (float(final),), 0, 0, float(gap))
        for n, (gap, final) in enumerate(zip(gaps, finals, strict=True))
    ]
    assert gap_correlation(tried) == pytest.approx(stats.spearmanr(gaps, finals).statistic)
    assert gap_correlation(tried[:2]) is None
    assert gap_correlation([Tried("x", (1.0,), 0, 0, None)] * 5) is None


def test_configurations_are_compared_one_by_one():
    def arm(name, finals):
        return Searched(name, tuple(Tried(str(n), (final,), 0, 0, None, 20.0) for n, final in enumerate(finals)), None)

    twice = by_configuration(arm("a", [1.0, 2.0, 3.0, 4.0, 5.0]), arm("b", [2.0, 4.0, 6.0, 8.0, 10.0]))
    assert (twice.number, twice.num_lower, twice.p) == (5, 5, 0.0625)
    assert twice.needed.value < 1
    lost = by_configuration(arm("a", [1.0, INF, 3.0]), arm("b", [2.0, INF, INF]))
    assert (lost.number, lost.num_lower, lost.p) == (3, 2, 0.5)
    assert by_configuration(arm("a", [1.0, 2.0]), arm("b", [1.0, 2.0])) is None
    assert by_configuration(arm("a", [1.0, 2.0, 3.0]), arm("b", [1.0, 2.0, 3.0, 4.0])) is None


def test_searches_are_compared_at_as_many_configurations():
    finals = [5.0, INF, 1.0, 9.0]
    arm = Searched("a", tuple(Tried(str(n), (final,), 0, 0, None, 8.0) for n, final in enumerate(finals)), None)
    assert arm.mean_best(1) == pytest.approx((5 + 8 + 1 + 8) / 4)  # nothing is worse than an untrained generator
    assert arm.mean_best(4) == 1.0


def test_a_grid_over_both_rates_has_a_map_and_a_diagonal_none():
    rates = {f"disc {disc:g}, gen {gen:g}": (disc, gen) for disc in (1e-3, 1e-2) for gen in (1e-3, 1e-2)}
    tried = [
        Tried(label, (finals,), int(finals == INF), 0, None, 9.0)
        for label, finals in zip(rates, [4.0, 1.0, INF, 3.0], strict=True)
    ]
    found = map_of(Searched("grid", tuple(tried), None), rates)
    assert found.rates == ([1e-3, 1e-2], [1e-3, 1e-2])
    assert ((found.best.disc, found.best.gen), found.best_of_diagonal.score) == ((1e-3, 1e-2), 3.0)
    assert found.as_json("x.png")["score"] == [[4.0, INF], [1.0, 3.0]]
    assert [cell.diverged for cell in found.cells] == [0, 0, 1, 0]
    assert map_of(Searched("diagonal", (tried[0], tried[3]), None), rates) is None
    assert map_of(Searched("part", tuple(tried[:3]), None), rates) is None


def test_only_random_configurations_have_intervals_of_what_a_search_buys():
    arm = Searched("a", tuple(Tried(str(n), (float(n),), 0, 0, None, 99.0) for n in range(1, 9)), None)
    other = replace(arm, arm="b", tried=tuple(replace(one, finals=(2 * one.finals[0],)) for one in arm.tried))
    for drawn in (False, True):
        found = with_search_figures(
            {"figures": [], "distance": "FD"}, [arm], {"a": dict.fromkeys("12345678", (1, 1))}, drawn=drawn
        )
        assert found["curves"]["a"]["mean"][0] == pytest.approx(4.5)
        assert (found["curves"]["a"]["low"][0] is not None) == drawn
        assert [figure["file"] for figure in found["figures"]] == ["budget.png"]
        needed = by_configuration(arm, other, drawn=drawn).needed
        assert ((needed.low, needed.high) != (None, None)) == drawn


# Both stages.


def play(folder, rule, runs):
    return Engine(folder, runs, rule, Here(), device="cpu").run()


@pytest.fixture
def study(tiny):
    def make(**changes):
        rates = {f"{rate:g}": tiny(training=FAST, gen={"lr": rate}) for rate in (1e-3, 1e-2)}
        arms = {"grid": rates, "small": {"0.001": rates["0.001"]}}
        given = {"arms": arms, "contrasts": (("grid", "small", "tuning helps"),), "num_seeds": 3}
        return ClaimStudy("made-up", "Tuning helps.", budget=Budget("gradients", 40), **(given | changes))

    return make


def test_a_claim_is_tuned_on_its_own_seeds_and_judged_on_fresh_ones(study, tmp_path):
    answers = study().run(tmp_path / "study", play)
    analysis = json.loads((tmp_path / "study" / "analysis.json").read_text())
    assert analysis["verdict"] == answers.verdict
    assert analysis["sentences"][0] == f"Tuning helps. At this scale: {answers.verdict}."
    assert {"title", "sentences", "tables", "figures"} <= analysis.keys()
    assert [(one["arm"], len(one["tried"])) for one in analysis["search"]] == [("grid", 2), ("small", 1)]
    assert {run["seed"] for run in analysis["runs"]} == {0, 1, 2}
    assert {run.labels["seed"] for run in study().search_runs()} == {SEARCH_SEED}
    assert all(len(row) == len(table["columns"]) for table in analysis["tables"] for row in table["rows"])
    # Two configurations of the search, and three seeds of each best, which may be one and the same.
    assert len(list((tmp_path / "study" / "runs").iterdir())) == 2 + (
        3 if analysis["search"][0]["best"] == "0.001" else 6
    )


def test_arms_whose_best_is_the_same_are_equal(study, tiny, tmp_path):
    only = {"0.001": tiny(training=FAST, gen={"lr": 1e-3})}
    answers = study(arms={"grid": only, "small": only}).run(tmp_path / "study", play)
    assert answers.verdict == "undecided"
    assert "grid and small came out of their tuning as the same configuration." in answers.results["sentences"]
    assert not any("More seeds" in words for words in answers.results["sentences"])  # they would show nothing


def test_a_search_by_another_version_is_named(study, tmp_path):
    claim = study()
    assert not any("played alike" in words for words in claim.run(tmp_path / "study", play).results["sentences"])
    file = tmp_path / "study" / "runs" / claim.search_runs()[0].key / "environment.json"
    file.write_text(json.dumps(json.loads(file.read_text()) | {"torch": "1.0"}))
    assert any("torch 1.0 (1 run)" in words for words in claim.run(tmp_path / "study", play).results["sentences"])


def test_a_configuration_that_fails_is_not_chosen_and_not_hidden(study, tiny, tmp_path):
    broken, sound = tiny(training=FAST, gen={"optimizer": "no.such.Optimizer"}), tiny(training=FAST)
    claim = study(
        arms={"grid": {"sound": sound, "broken": broken}, "small": {"sound": tiny(training=FAST, gen={"lr": 1e-2})}}
    )
    answers = claim.run(tmp_path / "study", play)
    assert [one["best"] for one in answers.results["search"]] == ["sound", "sound"]
    assert [standing.status for standing in answers.standings.values()].count(Status.FAILED) == 1


def test_an_arm_that_cannot_be_built_is_refused_before_there_is_a_folder(study, tiny, tmp_path):
    sound, broken = tiny(training=FAST), tiny(training=FAST, gen={"optimizer": "no.such.Optimizer"})
    with pytest.raises(UserError, match=r"Optimizer 'no.such.Optimizer' needs the package 'no'"):
        study(arms={"grid": {"sound": sound}, "small": {"broken": broken}}).run(tmp_path / "study", play)
    assert not (tmp_path / "study").exists()


def test_an_arm_of_which_every_configuration_failed_ends_the_claim(study, tmp_path):
    def failing(folder, rule, runs):
        for run in runs:
            if run.labels["arm"] == "small":
                folder.note_failure(run, "The disk is gone.")
        return {run.key: folder.standing(run, rule) for run in runs} | play(
            folder, rule, [run for run in runs if run.labels["arm"] != "small"]
        )

    with pytest.raises(RunFailedError, match=r"Runs of every configuration of arm 'small' failed"):
        study().run(tmp_path / "study", failing)


def test_a_claim_of_one_arm_is_refused(study, tiny):
    with pytest.raises(UserError, match=r"compares two of its arms or more"):
        study(arms={"grid": {"a": tiny()}})
    with pytest.raises(UserError, match=r"compares two of its arms or more"):
        study(contrasts=())


def two_arms(tiny, **changes):
    return {
        name: {"only": tiny(training=FAST, gen={"lr": lr}, **changes)} for name, lr in (("grid", 1e-3), ("small", 1e-2))
    }


@pytest.mark.parametrize(("seed", "num_seeds", "search_seeds"), [(996, 5, 1), (1000, 1, 1), (1002, 3, 3), (0, 1001, 1)])
def test_seeds_of_the_search_are_never_played_afresh(seed, num_seeds, search_seeds, study, tiny):
    arms = two_arms(tiny, seed=seed)
    with pytest.raises(UserError, match=rf"Fresh seeds {seed} to {seed + num_seeds - 1} share some with the search"):
        study(arms=arms, search_seeds=search_seeds, num_seeds=num_seeds)


@pytest.mark.parametrize(("seed", "num_seeds"), [(996, 4), (1001, 5), (0, 1000)])
def test_seeds_beside_those_of_the_search_are_allowed(seed, num_seeds, study, tiny):
    searched_seeds = {
        run.settings.seed for run in study(arms=two_arms(tiny, seed=seed), num_seeds=num_seeds).search_runs()
    }
    assert not searched_seeds & set(range(seed, seed + num_seeds))


def test_a_claim_without_a_seed_is_refused_before_its_search(study):
    with pytest.raises(UserError, match=r"--seeds was given as 0"):
        study(num_seeds=0)


def test_a_search_that_was_called_back_was_no_wrong_request(study, tiny, tmp_path):
    def called_back(folder, rule, runs):
        return {run.key: folder.standing(run, rule) for run in runs}

    with pytest.raises(
        RunFailedError, match=r"2 of 2 runs of the search have not ended; the same command goes on with"
    ):
        study(arms=two_arms(tiny)).run(tmp_path / "study", called_back)


def test_arms_without_a_common_seed_are_not_tested(study, tiny, tmp_path):
    def called_back(folder, rule, runs):
        ended = [run for run in runs if run.settings.seed >= SEARCH_SEED]
        ended += [run for run in runs if (run.labels["arm"], run.settings.seed) in {("grid", 0), ("small", 1)}]
        play(folder, rule, ended)
        return {run.key: folder.standing(run, rule) for run in runs}

    answers = study(arms=two_arms(tiny)).run(tmp_path / "study", called_back)
    assert (answers.verdict, answers.num_left) == ("undecided", 4)
    (contrast,) = json.loads((tmp_path / "study" / "analysis.json").read_text())["contrasts"]
    assert (contrast["p"], contrast["verdict"]) == (None, "undecided")
    assert all(figure.exists() for figure in draw_comparison(tmp_path / "study"))
    assert study(arms=two_arms(tiny)).run(tmp_path / "study", play).num_left == 0  # the same command goes on


def test_a_claim_on_digits_from_end_to_end(tmp_path, monkeypatch, capsys):
    """An untrained generator loses to a trained one; what is left out keeps the whole claim undecided."""
    digits = RECIPES["digits"].settings().model_copy(update={"threads": 1, "device": "cpu"})
    evaluation = digits.evaluation.model_copy(update={"num_samples": 128})

    def arms(gradients):
        base = measured_often(digits.model_copy(update={"evaluation": evaluation}), gradients)
        player = base.gen.model_copy(update={"optimizer": "adam", "betas": (0.5, 0.999)})
        return {
            "trained": diagonal(base, player, (4e-3,)),
            "still": diagonal(base, player, (1e-9,)),
            "slow": diagonal(base, player, (1e-7,)),
        }

    one, other = Contrast("trained", "still", "training helps"), Contrast("trained", "slow", "fast training helps")
    part = Claim("tiny", "Training helps.", "nobody", "digits", arms, (one,), 40)
    monkeypatch.setitem(CLAIMS, "tiny", part)
    words = ["study", "compare", "claim:tiny", "--training.batch-size", "16", "--out", str(tmp_path / "study")]
    assert main([*words, "--arms", "trained", "still"]) == 0
    said = " ".join(capsys.readouterr().out.split())
    assert "Training helps. At this scale: supported." in said
    assert "That training helps: supported (one-sided p = 0.031; difference -" in said
    assert "Nothing is shown" not in said  # which the two-sided test of the same five differences would say
    runs = sorted((tmp_path / "study" / "runs").iterdir())
    assert len(runs) == 2 + 2 * 5
    monkeypatch.setitem(CLAIMS, "tiny", replace(part, contrasts=(one, other)))
    assert main([*words, "--arms", "trained", "still"]) == 0
    said = " ".join(capsys.readouterr().out.split())
    assert "Training helps. At this scale: undecided." in said
    assert "The claim as a whole cannot be supported: not played was whether fast training helps." in said
    assert sorted((tmp_path / "study" / "runs").iterdir()) == runs


def test_the_command_tests_a_claim(tiny, tmp_path, monkeypatch, capsys):
    def arms(gradients):
        training = FAST | {"steps": gradients // 2}
        return {name: {"only": tiny(training=training, gen={"lr": lr})} for name, lr in (("a", 1e-3), ("b", 1e-2))}

    claim = Claim("tiny", "A is better.", "nobody", "ring", arms, (Contrast("a", "b", "a beats b"),), 20, 1, 3)
    monkeypatch.setitem(CLAIMS, "tiny", claim)
    out = tmp_path / "study"
    assert main(["study", "compare", "claim:tiny", "--out", str(out), "--training.batch-size", "8"]) == 0
    said = capsys.readouterr().out
    assert "A is better. At this scale: undecided." in said
    assert "That a beats b: undecided (one-sided p = " in said
    assert (out / "comparison.png").exists()
    config = next((out / "runs").glob("*/config.yaml")).read_text()
    assert "batch_size: 8" in config


def test_help_lists_the_claims(capsys):
    with pytest.raises(SystemExit):
        main(["study", "compare", "--help"])
    said = " ".join(capsys.readouterr().out.split())
    assert all(f"claim:{name}" in said for name in CLAIMS if not name.endswith("-paper"))
