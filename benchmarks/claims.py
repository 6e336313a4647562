"""The claims of three papers put to the test, scaled to the time at hand.

    python benchmarks/claims.py --data FOLDER [--claim NAME ...] [--seconds-per-run 10] [--arms ARM ...] [--seeds 5]

Each claim is `equipoise study compare claim:NAME` with as many gradients a run as fit into the seconds (of one core's
time, first and last evaluation included), which are measured once and kept, so that a second call goes on with what is
there. FOLDER holds `mnist` and `cifar10` as parquet folders. At the end, or with --show, a table with every verdict.
"""

import argparse
import json
import time
from pathlib import Path

import torch
from rich.console import Console

from equipoise.cli.studying import Player, Playing
from equipoise.config import RunSettings
from equipoise.core.files import write_json
from equipoise.data.kept import sources_kept
from equipoise.recipes.claims import CLAIMS, Claim, measured_often
from equipoise.reports.comparison import draw_comparison
from equipoise.studies.comparison.budget import cost_of_round
from equipoise.studies.comparison.claim import ClaimStudy
from equipoise.training.measuring.evaluator import build_evaluator
from equipoise.training.session import Session

PLAYABLE = [name for name in CLAIMS if not name.endswith("-paper")]
FEWEST_GRADIENTS, ROUNDS_TIMED, SECONDS_AROUND = 200, 20, 0.5


def arms_of(claim: Claim, gradients: int, arguments: argparse.Namespace) -> dict[str, dict[str, RunSettings]]:
    """The claim's arms on the data at hand."""
    path = str(arguments.data / claim.data)
    return {
        arm: {
            label: settings.model_copy(
                update={"data": settings.data.model_copy(update={"path": path}), "threads": 1, "device": "cpu"}
            )
            for label, settings in candidates.items()
        }
        for arm, candidates in claim.arms(gradients).items()
        if not arguments.arms or arm in arguments.arms
    }


def gradients_that_fit(claim: Claim, arguments: argparse.Namespace) -> int:
    """As many gradients as the dearest arm plays within the seconds, by this process's own time."""
    kept = arguments.out / f"{claim.name}.json"
    if kept.exists():
        found = json.loads(kept.read_text())
        if found["seconds_per_run"] != arguments.seconds_per_run:
            print(f"{kept} was measured for {found['seconds_per_run']:g} s a run, which stays; give another --out.")
        return int(found["gradients"])
    found = []
    with sources_kept():
        for candidates in arms_of(claim, 1000, arguments).values():
            settings = measured_often(next(iter(candidates.values())), 1000)
            round_seconds, evaluation_seconds = timed(settings)
            num_evaluations = 1 + settings.training.steps // settings.evaluation.every
            left = arguments.seconds_per_run - SECONDS_AROUND - num_evaluations * evaluation_seconds
            found.append(left / round_seconds * cost_of_round(settings.training)["gradients"])
    gradients = max(FEWEST_GRADIENTS, int(min(found) // 60 * 60))
    arguments.out.mkdir(parents=True, exist_ok=True)
    write_json(kept, {"gradients": gradients, "seconds_per_run": arguments.seconds_per_run})
    return gradients


def timed(settings: RunSettings) -> tuple[float, float]:
    """Seconds of this process for a round and for an evaluation."""
    session = Session(settings)
    evaluator = build_evaluator(settings, session.device, session.board.source)
    assert evaluator is not None, "claims are told by evaluations"
    evaluator.evaluate(session.subject)
    started = time.process_time()
    evaluator.evaluate(session.subject)
    between = time.process_time()
    session.play_round()
    warm = time.process_time()
    for _ in range(ROUNDS_TIMED):
        session.play_round()
    return (time.process_time() - warm) / ROUNDS_TIMED, between - started


def play(claim: Claim, arguments: argparse.Namespace) -> None:
    """Both stages of a claim; what is done is not run again."""
    gradients = gradients_that_fit(claim, arguments)
    arms = arms_of(claim, gradients, arguments)
    study = ClaimStudy.of(claim, arms, gradients, arguments.seeds or claim.seeds)
    folder = arguments.out / claim.name
    num_search = len({run.key for run in study.search_runs()})
    print(
        f"\n{claim.name}: {claim.says} ({claim.source})\n"
        f"{gradients:,} gradients a run; {num_search} runs of the search "
        f"and at most {len(arms) * study.num_seeds} fresh ones of about {arguments.seconds_per_run:g} s each: "
        f"{(num_search + len(arms) * study.num_seeds) * arguments.seconds_per_run / 60:.0f} minutes of one core",
        flush=True,
    )
    if arguments.dry_run:
        return
    player = Player(Playing(workers=arguments.workers), 1, "cpu", Console())
    answers = study.run(folder, player)
    draw_comparison(folder)
    print("\n".join(answers.results["sentences"]), flush=True)


def show(arguments: argparse.Namespace) -> None:
    """Every claim that has been analysed: its contrasts and its verdict."""
    print("\n| claim | gradients a run | contrast | difference (95 %) | seeds | one-sided p | verdict |")
    print("|---|---|---|---|---|---|---|")
    for name in PLAYABLE:
        file = arguments.out / name / "analysis.json"
        if not file.exists():
            continue
        found = json.loads(file.read_text())
        pairs = {(pair["first"], pair["second"]): pair for pair in found["pairs"]["final"]}
        for contrast in found["contrasts"]:
            pair = pairs.get((contrast["better"], contrast["worse"]))
            if pair is None:  # no seed that both arms have played
                continue
            value, low, high = (pair["difference"][key] for key in ("value", "low", "high"))
            difference = "runs diverged" if value is None else f"{value:.3g}"
            ends = f" ({low:.3g} to {high:.3g})" if low is not None and high is not None else ""
            p = "" if contrast["p"] is None else f"{contrast['p']:.3g}"
            print(
                f"| {name} | {found['budget']['amount']:,.0f} | {contrast['better']} - {contrast['worse']} | "
                f"{difference}{ends} | {len(pair['seeds'])} | {p} | {contrast['verdict']} |"
            )
        print(f"| {name} | | **all together** | | | | **{found['verdict']}** |")


def main() -> None:
    """Play what is missing and print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True, help="folder of the parquet folders mnist and cifar10")
    parser.add_argument("--claim", nargs="+", choices=PLAYABLE, default=PLAYABLE)
    parser.add_argument("--seconds-per-run", type=float, default=10.0, help="of one core")
    parser.add_argument("--arms", nargs="+", help="of the claims (default: all)")
    parser.add_argument("--seeds", type=int, help="fresh seeds of each arm's best (default: the claim's, 5)")
    parser.add_argument("--workers", type=int, default=1)
    parser.add_argument("--out", type=Path, default=Path("studies/claims"))
    parser.add_argument("--dry-run", action="store_true", help="measure, say how long it would take, and play nothing")
    parser.add_argument("--show", action="store_true", help="print the table of what is there")
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    for name in [] if arguments.show else arguments.claim:
        play(CLAIMS[name], arguments)
    show(arguments)


if __name__ == "__main__":
    main()
