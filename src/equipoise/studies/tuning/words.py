"""What a search has found, in sentences for a person who has to choose."""

import math
from collections.abc import Sequence

from equipoise.config import TrainingSettings
from equipoise.core.judges import JUDGES
from equipoise.studies.folder import Status
from equipoise.studies.interval import Interval, MedianInterval
from equipoise.studies.tuning.dimensions import Dimension, Range, Value, Whole
from equipoise.studies.tuning.findings import Finalist, Findings, RatioOfArms
from equipoise.studies.tuning.heat_map import ONE_RATE, Cell, HeatMap
from equipoise.studies.words import number

_COSTLY = ("training.batch_size", "training.disc_steps", "training.lookahead_over", "training.order")
"""Settings that change what a round costs."""
_NEAR_END = 0.05
"""Part of a range, from its end, in which the best value says that the range ends too early."""


def sentences(findings: Findings) -> list[str]:
    """All that is worth saying, the most important first."""
    label = JUDGES[findings.judge]
    found = [_finalist(one, findings, label) for one in findings.finalists]
    found += [_nothing(arm.name) for arm in findings.plan.arms if _all_diverged(findings, arm.name)]
    differences = findings.differences()
    found += [_difference(*one, label=label, num_pairs=len(differences)) for one in differences]
    found += [_ratio(one, label) for one in findings.ratios if _is_headline(one, findings)]
    found += [word for name, one in findings.maps.items() for word in _heat_map(name, one, label)]
    found += [_diverged(findings, arm.name) for arm in findings.plan.arms]
    found += [*_given_up(findings), *_unequal_costs(findings)]
    for name, one in findings.gap_correlations.items():
        found.append(
            f"{name}: over {one.num_trials} trials the discriminator's gap to its ideal loss and {label} have "
            f"Spearman's correlation {one.rho:.2f} (p {one.p_value:.2g})."
        )
    return found + [word for finalist in findings.finalists for word in _ends(finalist)]


def spelled(values: Sequence[tuple[str, Value]]) -> str:
    """A point of a space in words.

    >>> spelled([("disc.lr", 1e-3), ("gen.lr", 2e-4)])
    'disc.lr 0.001, gen.lr 0.0002'
    """
    return ", ".join(f"{name} {value}" for name, value in values)


def _finalist(one: Finalist, findings: Findings, label: str) -> str:
    trial = one.searched.trial
    words = f"{one.name}: best is trial {trial.number} ({spelled(list(trial.values.items()))})"
    found = one.median
    if found is None:
        return (
            f"{words}; {label} {_number(one.searched.score)} in the search, which is optimistic: no fresh seed was run."
        )
    diverged = sum(math.isinf(run.score) for run in one.fresh)
    also = f", {diverged} of them diverged" if diverged else ""
    return (
        f"{words}; {label} {_number(found.interval.value)} on {len(one.fresh)} fresh seeds{_holds(found)}{also}; "
        f"{_number(one.searched.score)} in the search, which is optimistic."
    )


def _holds(found: MedianInterval) -> str:
    """The interval of a median with what it is worth."""
    low, high = found.interval.low, found.interval.high
    if low is None or high is None:
        return ""
    return f" (median; {_number(low)} to {_number(high)} holds it in {found.coverage:.0%} of cases)"


def _difference(one: str, other: str, found: MedianInterval, *, label: str, num_pairs: int) -> str:
    value, low, high = found.interval.value, found.trusted.low, found.trusted.high
    size = "infinitely" if math.isinf(value) else number(abs(value))
    than = f"{label} {size} {'more' if value > 0 else 'less'} than" if value else f"the same {label} as"
    words = f"On the same fresh seeds {other} has {than} {one} in the median"
    words += " (runs diverged)" if math.isinf(value) else ""
    if low is None or high is None:
        return f"{words}; too few seeds to say whether that is more than chance."
    sure = "without 0" if low > 0 or high < 0 else "0 among them, so undecided"
    among = f"; one of {num_pairs} pairs, uncorrected" if num_pairs > 1 else ""
    return f"{words} ({number(low)} to {number(high)} holds it in {found.coverage:.0%} of cases, {sure}{among})."


def _is_headline(one: RatioOfArms, findings: Findings) -> bool:
    """Of two arms at one budget: how much less the better arm needs."""
    means = (findings.curves[name].means for name in (one.arm, one.other))
    mine, theirs = (found[one.ratio.num_trials - 1].value for found in means)
    return (mine, one.arm) < (theirs, one.other)


def _ratio(one: RatioOfArms, label: str) -> str:
    ratio, budget = one.ratio.ratio, one.ratio.num_trials
    reached = f"the mean best {label} {_number(one.ratio.reached)} that {one.other} has from {budget}"
    if math.isinf(ratio.value):
        return f"{one.arm} does not reach {reached} with all of its trials."
    return (
        f"{one.arm} needs {ratio.value:.2g} of the trials of {one.other}: {ratio.value * budget:.1f} for {reached} "
        f"({_between(ratio)}; by scores as searched, which flatter an arm whose runs scatter more)."
    )


def _between(ratio: Interval) -> str:
    """The interval of a ratio, of which an end may be open."""
    if ratio.low is None and ratio.high is None:
        return "no interval: too few trials, or no independent ones"
    if ratio.low is None:
        return f"95 % interval: at most {ratio.high:.2g}"
    if ratio.high is None:
        return f"95 % interval: at least {ratio.low:.2g}, with no upper end that so few trials could tell"
    return f"95 % interval {ratio.low:.2g} to {ratio.high:.2g}"


def _heat_map(name: str, found: HeatMap, label: str) -> list[str]:
    best, diagonal = found.best, found.best_of_diagonal
    if best is None:
        return []
    words = [f"{name}: the best pair of rates is {_cell(best)} with {label} {_number(best.score)}"]
    if diagonal is None:
        return [f"{words[0]}; no cell with one rate for both players has ended well."]
    words[0] += f", the best single rate {diagonal.disc:g} with {_number(diagonal.score)}, both as searched."
    lucky = found.as_lucky_as_diagonal
    if lucky is not None:
        count = sum(cell.on_diagonal for cell in found.cells)
        words.append(
            f"{count} random pairs of rates would have had {label} {_number(lucky)} at best on average, against the "
            f"{_number(diagonal.score)} of the {count} pairs with {ONE_RATE}: the same budget for both."
        )
    return words


def _cell(cell: Cell) -> str:
    return f"disc.lr {cell.disc:g}, gen.lr {cell.gen:g}"


def _all_diverged(findings: Findings, arm: str) -> bool:
    mine = findings.of(arm)
    return bool(mine) and not any(math.isfinite(one.score) for one in mine)


def _nothing(arm: str) -> str:
    return f"{arm}: of every trial half of the runs or more diverged, so that none is best; choose another --space."


def _diverged(findings: Findings, arm: str) -> str:
    mine = findings.of(arm)
    runs = [run for one in mine for run in one.runs]
    share = sum(one.diverged * len(one.runs) for one in mine) / max(len(runs), 1)
    return f"{arm}: {share:.0%} of {len(runs)} runs of {len(mine)} trials diverged; they count as the worst."


def _given_up(findings: Findings) -> list[str]:
    number = sum(run.status is Status.PRUNED for one in findings.scored for run in one.runs)
    other = findings.against
    if not number:
        return (
            [f"Runs of {other.name} were given up by --prune: no interval, no ratio."] if other and other.prune else []
        )
    return [
        f"{number} runs were given up by --prune and count as the worst, so that the mean best of k trials is too high "
        f"and has no interval; search without --prune to compare budgets."
    ]


def _unequal_costs(findings: Findings) -> list[str]:
    """What is searched, or differs between arms, by which the same number of steps costs more or less."""
    first, arms = findings.plan.arms[0].settings.training, findings.plan.arms
    searched = {name for arm in arms for name in arm.space.dimensions if name in _COSTLY}
    differing = {name for name in _COSTLY for arm in arms if _differs(arm.settings.training, first, name)}
    names = sorted(searched | differing)
    if not names:
        return []
    return [
        f"Trials differ in {', '.join(names)}, so that the same steps cost them different numbers of gradients or "
        f"images; 'equipoise study compare' compares at one cost."
    ]


def _differs(one: TrainingSettings, other: TrainingSettings, name: str) -> bool:
    field = name.removeprefix("training.")
    return bool(getattr(one, field) != getattr(other, field))


def _ends(one: Finalist) -> list[str]:
    """Advice where the best value lies at the end of its range."""
    trial = one.searched.trial
    found = []
    for name, value in trial.values.items():
        end = _near_end(trial.arm.space.dimensions[name], value)
        if end is not None:
            found.append(f"{one.name}: {name} {value} lies at the {end} end of its range, which may end too early.")
    return found


def _near_end(dimension: Dimension, value: Value) -> str | None:
    if not isinstance(dimension, Range | Whole):
        return None
    number, low, high = float(value), float(dimension.low), float(dimension.high)
    if dimension.log:
        number, low, high = math.log(number), math.log(low), math.log(high)
    place = (number - low) / (high - low)
    margin = _NEAR_END if isinstance(dimension, Range) else 0.0
    if margin < place < 1 - margin:
        return None
    return "lower" if place <= margin else "upper"


def _number(value: float) -> str:
    return "diverged" if math.isinf(value) else f"{value:.4g}"
