"""The figures of a diagnosis, from its record alone: eigenvalues, the path-angle, the fresh discriminator.

`draw_diagnosis` reads ``diagnosis/step-NNNNNN.json`` of a run folder, draws what it holds beside it, and notes the
figures there, each with a text for those who cannot see it.
"""

import json
import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

from equipoise.core.files import replacing, write_json

_JACOBIAN, _DISC, _GEN, _GUIDE = "#000000", "#0072B2", "#D55E00", "#999999"
Record = dict[str, Any]


def draw_diagnosis(path: Path) -> Record:
    """Draw the figures of the diagnosis at ``path``, and return it with them noted.

    Args:
        path: ``diagnosis/step-NNNNNN.json``.
    """
    diagnosis: Record = json.loads(path.read_text(encoding="utf-8"))
    own = {f"{path.stem}-{name}.png" for name in _FIGURES}
    diagnosis["figures"] = [figure for figure in diagnosis.get("figures", []) if figure["file"] not in own]
    for name, (draw, describe) in _FIGURES.items():
        record, file = diagnosis["measurements"].get(name), path.with_name(f"{path.stem}-{name}.png")
        if record is None:
            file.unlink(missing_ok=True)  # of an earlier diagnosis, which measured more
            continue
        _save(draw, record, file)
        diagnosis["figures"].append({"file": file.name, "alternative": describe(record)})
    write_json(path, diagnosis)
    return diagnosis


def _save(draw: Callable[[Any, Record], None], record: Record, file: Path) -> None:
    from matplotlib.figure import Figure

    figure = Figure(figsize=(9, 4), layout="constrained")
    draw(figure, record)
    with replacing(file) as temporary:
        figure.savefig(temporary, format="png", dpi=110, metadata={"Software": None})


def _draw_spectrum(figure: Any, record: Record) -> None:
    plane, lines = figure.subplots(1, 2, width_ratios=[1.4, 1.0])
    jacobian = record["jacobian"]
    plane.axvspan(-jacobian["tolerance"], jacobian["tolerance"], color=_GUIDE, alpha=0.3, linewidth=0)
    plane.axvline(0, color=_GUIDE, linewidth=0.8)
    plane.axhline(0, color=_GUIDE, linewidth=0.8)
    plane.plot(*_columns(jacobian), "o", color=_JACOBIAN, markersize=4, alpha=0.7)
    linear = _linear_part(jacobian["scale"], jacobian["tolerance"])
    plane.set_xscale("symlog", linthresh=linear)
    plane.set_yscale("symlog", linthresh=linear)
    plane.set(title="Jacobian of the game: right of the line attracts", xlabel="real part", ylabel="imaginary part")
    rows = (("disc_hessian", "disc", _DISC, 1), ("gen_hessian", "gen", _GEN, 0))
    for key, _, colour, height in rows:
        reals = _columns(record[key])[0]
        lines.plot(reals, [height] * len(reals), "|", color=colour, markersize=18)
    scale = max(record["disc_hessian"]["scale"], record["gen_hessian"]["scale"])
    lines.set_xscale("symlog", linthresh=_linear_part(scale, 0.0))
    lines.axvline(0, color=_GUIDE, linewidth=0.8)
    lines.set_yticks([height for *_, height in rows], labels=[label for _, label, *_ in rows])
    lines.set(title="Hessians: left of 0, gains alone", xlabel="eigenvalue", ylim=(-0.6, 1.6))


def _linear_part(scale: float, tolerance: float) -> float:
    """Where an axis turns from linear to logarithmic: a power of ten, so that no tick comes between."""
    return float(10.0 ** math.ceil(math.log10(max(tolerance, scale * 1e-2, 1e-12))))


def _columns(ends: Record) -> tuple[list[float], list[float]]:
    return [value[0] for value in ends["values"]], [value[1] for value in ends["values"]]


def _describe_spectrum(record: Record) -> str:
    reals, imaginaries = _columns(record["jacobian"])
    if not reals:
        return "No eigenvalues were found."
    number = "All" if record["jacobian"]["complete"] else "The outermost"
    return (
        f"{number} {len(reals)} eigenvalues of the game's Jacobian in the complex plane: real parts from "
        f"{min(reals):.3g} to {max(reals):.3g}, imaginary parts up to {max(imaginaries):.3g}."
    )


def _draw_path(figure: Any, record: Record) -> None:
    angle, length = figure.subplots(1, 2)
    cosines = [math.nan if value is None else value for value in record["cosines"]]
    for axes, values, name in ((angle, cosines, "cosine"), (length, record["norms"], "norm of the field")):
        axes.plot(record["positions"], values, color=_JACOBIAN)
        axes.axvline(1, color=_GUIDE, linestyle=":")
        axes.set(xlabel=f"0: step {record['from_step']}, 1: step {record['to_step']}", ylabel=name)
    angle.axhline(0, color=_GUIDE, linewidth=0.8)
    angle.set(title=f"Path-angle: {record['shape']}", ylim=(-1.05, 1.05))
    length.set(title="Length of the gradients along the path", yscale="log" if all(record["norms"]) else "linear")


def _describe_path(record: Record) -> str:
    return (
        f"Cosine between the path from step {record['from_step']} to {record['to_step']} and the gradients along it: "
        f"shape {record['shape']}, switch {record['switch']:.2g}, bump {record['bump']:.2g}."
    )


def _draw_probe(figure: Any, record: Record) -> None:
    axes = figure.subplots()
    axes.plot(record["rounds"], record["losses"], color=_DISC, marker=".", label="fresh, while trained")
    axes.axhline(record["own_loss"], color=_JACOBIAN, label="the run's own")
    if record["ideal"] is not None:
        axes.axhline(record["ideal"], color=_GUIDE, linestyle=":", label="ideal")
    axes.set(title="A fresh discriminator against the frozen opponent", xlabel="rounds", ylabel="adversarial loss")
    axes.legend(fontsize=8)


def _describe_probe(record: Record) -> str:
    return (
        f"Loss of a fresh discriminator over {record['num_rounds']} rounds: it ends at {record['loss']:.3g}, the run's "
        f"own stands at {record['own_loss']:.3g}."
    )


_FIGURES: dict[str, tuple[Callable[[Any, Record], None], Callable[[Record], str]]] = {
    "spectrum": (_draw_spectrum, _describe_spectrum),
    "path": (_draw_path, _describe_path),
    "probe": (_draw_probe, _describe_probe),
}
