"""Checkpoints: everything a run is at one step, without pickle, whole or absent.

checkpoints/step-000500/
  gen_ema.safetensors, gen.safetensors, disc.safetensors    weights and buffers, loadable on their own
  state.safetensors, state.json                             optimisers, randomness, data order, records
  manifest.json                                             step, format, SHA-256 of every other file
"""

import json
import re
import shutil
import warnings
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import Tensor

from equipoise.core.errors import DataWarning, UserError
from equipoise.core.files import flush_to_disk, sha256_of_file, write_json
from equipoise.core.tensors import pack, unpack

FORMAT = 2
Weights = Mapping[str, Tensor]


def save_checkpoint(folder: Path, step: int, networks: Mapping[str, Weights], state: dict[str, Any]) -> Path:
    """Write the checkpoint of ``step`` below ``folder``; nothing is there under its name until all of it is on disk."""
    path = folder / f"step-{step:06d}"
    temporary = folder / f".{path.name}.tmp"
    shutil.rmtree(temporary, ignore_errors=True)
    try:
        _write_files(temporary, step, networks, state)
        shutil.rmtree(path, ignore_errors=True)
        temporary.rename(path)
    except SafetensorError as error:  # how safetensors reports a full disk
        raise OSError(f"checkpoint '{path}' cannot be written ({error})") from error
    finally:
        shutil.rmtree(temporary, ignore_errors=True)
    flush_to_disk(folder)
    return path


def _write_files(folder: Path, step: int, networks: Mapping[str, Weights], state: dict[str, Any]) -> None:
    folder.mkdir()
    for name, weights in networks.items():
        save_file({key: value.contiguous() for key, value in weights.items()}, folder / f"{name}.safetensors")
    tensors, skeleton = pack(state)
    save_file(tensors, folder / "state.safetensors")
    write_json(folder / "state.json", skeleton)
    written = sorted(folder.iterdir())
    for file in written:
        flush_to_disk(file)
    hashes = {file.name: sha256_of_file(file) for file in written}
    write_json(folder / "manifest.json", {"format": FORMAT, "step": step, "sha256": hashes})


def load_network(path: Path, name: str) -> dict[str, Tensor]:
    """Weights of one network of a checkpoint that `is_intact`."""
    return load_file(path / f"{name}.safetensors")


def load_state(path: Path) -> dict[str, Any]:
    """The state of a checkpoint that `is_intact`."""
    state: dict[str, Any] = unpack(
        load_file(path / "state.safetensors"), json.loads((path / "state.json").read_text(encoding="utf-8"))
    )
    return state


def is_intact(path: Path) -> bool:
    """Whether every file of a checkpoint is the one that was written."""
    try:
        manifest = json.loads((path / "manifest.json").read_text(encoding="utf-8"))
        return manifest["format"] == FORMAT and all(
            sha256_of_file(path / name) == digest for name, digest in manifest["sha256"].items()
        )
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return False


def checkpoint_steps(folder: Path) -> list[int]:
    """Steps of all checkpoints below ``folder``, ascending."""
    names = (re.fullmatch(r"step-(\d+)", path.name) for path in folder.glob("step-*"))
    return sorted(int(name.group(1)) for name in names if name)


def find_checkpoint(folder: Path, step: int | None = None) -> Path:
    """The checkpoint of ``step``, or the newest intact one; damaged ones are passed over with a warning.

    Raises:
        UserError: there is none, or the one asked for is missing or damaged.
    """
    steps = checkpoint_steps(folder)
    if step is not None and step not in steps:
        raise UserError(f"There is no checkpoint of step {step} in '{folder}'; there are: {_listed(steps)}.")
    for candidate in [step] if step is not None else reversed(steps):
        path = folder / f"step-{candidate:06d}"
        if is_intact(path):
            return path
        warnings.warn(
            f"Checkpoint '{path}' is damaged, or was made by another version, and was passed over.",
            DataWarning,
            stacklevel=2,
        )
    raise UserError(f"There is no intact checkpoint in '{folder}'; start the run again under another name.")


def keep_only(folder: Path, newest: int, also: Iterable[int]) -> None:
    """Remove all checkpoints but the ``newest`` ones and those of the steps ``also``."""
    steps = checkpoint_steps(folder)
    for step in set(steps[:-newest]) - set(also):
        shutil.rmtree(folder / f"step-{step:06d}", ignore_errors=True)


def _listed(steps: list[int]) -> str:
    return ", ".join(map(str, steps)) or "none"
