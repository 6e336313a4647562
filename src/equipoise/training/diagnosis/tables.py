"""What was found as tables that any page can show: a title, columns, and rows of strings, numbers or None."""

from collections.abc import Callable
from typing import Any, TypedDict

from equipoise.training.diagnosis.findings import Findings
from equipoise.training.diagnosis.fresh import FreshDiscriminator
from equipoise.training.diagnosis.gradients import Gradients
from equipoise.training.diagnosis.losses import Losses
from equipoise.training.diagnosis.memorisation import Memorisation
from equipoise.training.diagnosis.modes import Modes
from equipoise.training.diagnosis.noise_scales import NoiseScales
from equipoise.training.diagnosis.path_angle import PathAngle
from equipoise.training.diagnosis.spectrum import Spectrum

Cell = str | float | int | None
DIGITS = 6
"""Significant digits of numbers in tables; the measurements beside them have all."""


class Table(TypedDict):
    """A table."""

    title: str
    columns: list[str]
    rows: list[list[Cell]]


def tables_of(found: Findings) -> list[Table]:
    """A table for each measurement that there is, and one of what is missing."""
    tables = []
    for name, build in _BUILDERS.items():
        record = getattr(found, name)
        if record is not None:
            tables.append(build(record))
    if found.not_measured:
        tables.append(_table("Not measured", ["what", "why"], [list(pair) for pair in found.not_measured.items()]))
    return tables


def _losses(record: Losses) -> Table:
    names = {
        "adversarial loss": "loss",
        "standard error": "error",
        "ideal": "ideal",
        "gap (below 0: ahead)": "gap",
        "penalty": "penalty",
        "rate in force": "rate",
        "base rate": "base_rate",
        "gap-aware factor": "gap_factor",
    }
    title = f"Losses against their ideals, {record.num_batches} batches of {record.batch_size}"
    return _by_player(title, record, names)


def _gradients(record: Gradients) -> Table:
    names = {
        "norm": "norm",
        "norm of the mean": "mean_norm",
        "cosine of two batches": "cosine",
        "angle of two batches (degrees)": "angle",
        "consensus": "consensus",
        "norm of the penalty's": "penalty_norm",
        "cosine of penalty and loss": "penalty_cosine",
    }
    return _by_player(f"Gradients, {record.num_batches} batches", record, names)


def _noise(record: NoiseScales) -> Table:
    names = {
        "noise tr(Sigma)": "noise",
        "signal |G|^2": "signal",
        "noise scale": "scale",
        "95 % from": "low",
        "95 % to": "high",
        "batch at the scale": "suggested",
    }
    table = _by_player(f"Gradient noise (the batch is {record.batch_size})", record, names)
    for column, player in enumerate((record.disc, record.gen), start=1):
        if player.low is not None and player.high is None:
            table["rows"][list(names).index("95 % to")][column] = "no bound"
    return table


def _by_player(title: str, record: Any, names: dict[str, str]) -> Table:
    rows = [[label, getattr(record.disc, name), getattr(record.gen, name)] for label, name in names.items()]
    return _table(title, ["", "discriminator", "generator"], rows)


def _spectrum(record: Spectrum) -> Table:
    matrices = {"Jacobian": record.jacobian, "disc Hessian": record.disc_hessian, "gen Hessian": record.gen_hessian}
    rows: list[list[Any]] = [
        [name, ends.lowest, ends.highest, ends.tolerance, ends.num_products, "all" if ends.complete else "ends"]
        for name, ends in matrices.items()
    ]
    turning = record.verdict.most_rotating
    if turning is not None:
        rows.append(["turns most", turning[0], turning[0], None, None, f"+- {turning[1]:.3g}i"])
    size = record.num_disc + record.num_gen
    title = f"Eigenvalues (positive real parts attract), {size:,} parameters, {record.num_examples} examples"
    return _table(title, ["", "smallest", "largest", "tolerance", "products", "found"], rows)


def _path(record: PathAngle) -> Table:
    rows: list[list[Any]] = [
        ["shape", record.shape],
        ["switch at the end (1: attraction)", record.switch],
        ["bump at the end (rotation)", record.bump],
        ["length of the path", record.length],
    ]
    return _table(f"Path-angle from step {record.from_step} to {record.to_step}", ["", "value"], rows)


def _probe(record: FreshDiscriminator) -> Table:
    rows: list[list[Any]] = [
        ["fresh", record.loss, record.gap],
        ["the run's own", record.own_loss, record.own_gap],
        ["ideal", record.ideal, None if record.ideal is None else 0.0],
    ]
    title = f"A fresh discriminator after {record.num_rounds} rounds against the frozen opponent"
    return _table(title, ["discriminator", "adversarial loss", "gap"], rows)


def _modes(record: Modes) -> Table:
    pairs = zip(record.counts, record.shares, strict=True)
    rows = [[number, count, count / record.num_samples, share] for number, (count, share) in enumerate(pairs)]
    title = (
        f"{record.num_found} {record.kind} found in {record.num_samples:,} examples, {record.high_quality:.1%} of high "
        f"quality, {record.error:.1%} misplaced"
    )
    return _table(title, ["number", "examples", "share", "should be"], rows)


def _memorisation(record: Memorisation) -> Table:
    test = record.test
    rows: list[list[Any]] = [
        ["generated", test.num_generated, test.generated],
        [f"held out ({record.held_out})", test.num_held_out, test.held_out],
        ["statistic (below -3: nearer)", None, test.statistic],
        ["variety (1: as held out)", None, test.variety],
    ]
    title = f"Distance to the nearest of {test.num_training:,} training examples, features {record.features}"
    return _table(title, ["", "examples", "median distance"], rows)


_BUILDERS: dict[str, Callable[[Any], Table]] = {
    "losses": _losses,
    "gradients": _gradients,
    "noise": _noise,
    "spectrum": _spectrum,
    "path": _path,
    "probe": _probe,
    "modes": _modes,
    "memorisation": _memorisation,
}


def _table(title: str, columns: list[str], rows: list[list[Any]]) -> Table:
    return {"title": title, "columns": columns, "rows": [[_cell(cell) for cell in row] for row in rows]}


def _cell(value: Any) -> Cell:
    return float(f"{value:.{DIGITS}g}") if isinstance(value, float) else value
