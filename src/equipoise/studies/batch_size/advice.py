"""A finding in words: which batch size, how sure, and what a larger one would buy."""

import math

from equipoise.core.words import listed
from equipoise.studies.batch_size.critical import Finding, FittedLaw, SizeSummary
from equipoise.studies.interval import Interval


def advice(finding: Finding, name: str) -> list[str]:
    """Sentences for a person who has to choose.

    Args:
        finding: of one target.
        name: of the distance, such as FD.
    """
    if finding.measured is None:
        return [
            f"No batch size can be named for {name} {finding.target:g}: at no size did more than half of the runs meet "
            f"it; choose a larger target or more --max-steps.",
            *_late(finding),
        ]
    return [
        _cheapest(finding, finding.measured, name),
        *_given_up(finding),
        *_larger(finding, finding.measured),
        *_laws(finding),
        *_late(finding),
    ]


def _cheapest(finding: Finding, measured: Interval, name: str) -> str:
    words = f"Batch {measured.value:.0f} reaches {name} {finding.target:g} at the least gradient cost"
    words += f" ({_interval(measured)})." if measured.low is not None else " (one seed: no interval)."
    if finding.at_edge is None:
        return words
    beyond = {"smallest": "smaller", "largest": "larger"}[finding.at_edge]
    return f"{words} It is the {finding.at_edge} of the sweep, so that a {beyond} one may cost less still; add some."


def _given_up(finding: Finding) -> list[str]:
    sizes = [f"{size}" for size in finding.given_up]
    if not sizes:
        return []
    which = f"Batch {sizes[0]} was" if len(sizes) == 1 else f"Batches {listed(sizes)} were"
    return [f"{which} given up before that cost was spent, and may cost less still: more --max-steps would tell."]


def _larger(finding: Finding, measured: Interval) -> list[str]:
    best = _at(finding, measured.value)
    larger = [one for one in finding.sizes if one.batch_size > best.batch_size and math.isfinite(one.steps.value)]
    if not larger:
        return []
    fast = min(larger, key=lambda one: one.steps.value)
    faster, dearer = best.steps.value / fast.steps.value, fast.sfo.value / best.sfo.value
    if faster <= 1.05:
        return ["No larger batch takes clearly fewer steps."]
    return [f"Batch {fast.batch_size} is {faster:.1f}x faster in steps at {dearer:.1f}x the cost."]


def _laws(finding: Finding) -> list[str]:
    if not finding.laws:
        return ["The target was met at too few batch sizes to fit a law (three are needed, two of them by most runs)."]
    sentences = [f"The {name} puts the critical batch at {_fitted(law)}." for name, law in finding.laws.items()]
    if finding.better is None and len(finding.laws) > 1:
        sentences.append("The two laws fit equally well, so that the runs do not say which to believe.")
    if finding.better is not None:
        sentences.append(f"The {finding.better} fits clearly better (Akaike).")
    unfit = [name for name, law in finding.laws.items() if law.lack_of_fit is not None and law.lack_of_fit < 0.05]
    if unfit:
        sentences.append(
            f"The means lie off the {' and the '.join(unfit)} by more than the seeds explain (F test, 5 %): trust the "
            f"measured minimum before the fitted one."
        )
    return sentences


def _late(finding: Finding) -> list[str]:
    late = [
        f"{one.num_runs - one.num_met} of {one.num_runs} at {one.batch_size}" for one in finding.sizes if _is_late(one)
    ]
    return [f"Runs that never met the target, counted as censored: {', '.join(late)}."] if late else []


def _is_late(summary: SizeSummary) -> bool:
    return summary.num_met < summary.num_runs


def _fitted(law: FittedLaw) -> str:
    interval = f" ({_interval(law.critical_batch)})" if law.critical_batch.low is not None else ""
    return f"{law.critical_batch.value:.3g}{interval}"


def _interval(interval: Interval) -> str:
    assert interval.low is not None
    assert interval.high is not None
    return f"95 % interval {interval.low:.3g}-{interval.high:.3g}"


def _at(finding: Finding, size: float) -> SizeSummary:
    return next(one for one in finding.sizes if one.batch_size == size)
