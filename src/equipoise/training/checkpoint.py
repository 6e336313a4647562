"""Checkpoints: everything a run is at one step, without pickle, whole or absent.

checkpoints/step-000500/
  gen_ema.safetensors, gen.safetensors, disc.safetensors    weights and buffers, loadable on their own
  state.safetensors, state.json                             optimisers, randomness, data order, records, settings
  manifest.json                                             step, format, SHA-256 of every other file and of itself

A checkpoint is read only if every byte of it is the one that was written. Names in a manifest are plain file names of
the checkpoint's own folder.
"""

import hashlib
import json
import re
import shutil
import warnings
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any, TypeVar

from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import Tensor

from equipoise.core.errors import DataWarning, UserError
from equipoise.core.files import new_folder, sha256_of_file, write_json, write_text
from equipoise.core.temporaries import temporary_beside
from equipoise.core.tensors import pack, unpack

FORMAT = 3
"""3: settings, environment and guard in the state, and the manifest's hash of itself. 2 is still read."""
MANIFEST, STATE, STATE_TENSORS = "manifest.json", "state.json", "state.safetensors"
_READABLE = (2, 3)
_FILE_NAME = re.compile(r"[A-Za-z0-9_]+\.(safetensors|json)")
_ATTEMPTS = 5  # at a checkpoint that a live run removes while it is being read
Weights = Mapping[str, Tensor]
T = TypeVar("T")


def checkpoint_path(folder: Path, step: int) -> Path:
    """Where the checkpoint of ``step`` lies below ``folder``."""
    return folder / f"step-{step:06d}"


def save_checkpoint(folder: Path, step: int, networks: Mapping[str, Weights], state: dict[str, Any]) -> Path:
    """Write the checkpoint of ``step`` below ``folder``; nothing is there under its name until all of it is on disk.

    Raises:
        OSError: it cannot be written; whatever was there before still is.
    """
    path = checkpoint_path(folder, step)
    former = temporary_beside(path.with_name(f"{path.name}-former"))
    try:
        with new_folder(path) as temporary:
            _write_files(temporary, step, networks, state)
            if path.exists():
                path.rename(former)
    except SafetensorError as error:  # how safetensors reports a full disk
        raise OSError(f"checkpoint '{path}' cannot be written ({error})") from error
    shutil.rmtree(former, ignore_errors=True)
    return path


def _write_files(folder: Path, step: int, networks: Mapping[str, Weights], state: dict[str, Any]) -> None:
    tensors, skeleton = pack(state)
    write_json(folder / STATE, skeleton)
    save_file(tensors, folder / STATE_TENSORS)
    for name, weights in networks.items():
        save_file({key: value.contiguous() for key, value in weights.items()}, folder / f"{name}.safetensors")
    written = sorted(folder.iterdir())
    for file in written:
        shutil.copymode(folder / STATE, file)  # safetensors makes files that nobody else may read
    hashes = {file.name: sha256_of_file(file) for file in written}
    write_text(folder / MANIFEST, _manifest_text({"format": FORMAT, "step": step, "sha256": hashes}))


def _manifest_text(content: dict[str, Any]) -> str:
    own = hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()
    return json.dumps({**content, "manifest": own}, indent=2) + "\n"


def load_network(path: Path, name: str) -> dict[str, Tensor]:
    """Weights of one network of a checkpoint without `fault`."""
    return load_file(path / f"{name}.safetensors")


def load_state(path: Path) -> dict[str, Any]:
    """The state of a checkpoint without `fault`."""
    skeleton = json.loads((path / STATE).read_text(encoding="utf-8"))
    state: dict[str, Any] = unpack(load_file(path / STATE_TENSORS), skeleton)
    return state


def fault(path: Path) -> str | None:
    """What is wrong with a checkpoint, or None where every file is the one that was written.

    Raises:
        UserError: it was made by a newer version, or may not be read. Nothing is wrong with it then.
    """
    try:
        text = (path / MANIFEST).read_text(encoding="utf-8")
        hashes = _hashes(json.loads(text), text, path.name)
        for name, digest in hashes.items():
            if sha256_of_file(path / name) != digest:
                return f"{name} is not the file that was written"
    except UserError:
        raise
    except (FileNotFoundError, IsADirectoryError, NotADirectoryError) as error:
        return f"{Path(error.filename).name}: {error.strerror}"
    except OSError as error:  # the disk or the rights, which may be well again tomorrow
        raise UserError(
            f"Checkpoint '{path}' cannot be read ({error.strerror}); make it readable, or remove it to do without it."
        ) from error
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return f"its {MANIFEST} is not the one that was written"
    return None


def _hashes(manifest: dict[str, Any], text: str, name: str) -> dict[str, str]:
    """The hashes by file name of a whole manifest; some kind of exception where it is not whole."""
    content = {key: value for key, value in manifest.items() if key != "manifest"}
    if "manifest" in manifest and text != _manifest_text(content):
        raise ValueError
    made_by = manifest["format"]
    if "manifest" in manifest and made_by > FORMAT:
        raise UserError(
            f"Checkpoint {name!r} was made by a newer version of Equipoise (format {made_by}, but this one reads up to "
            f"{FORMAT}); update Equipoise."
        )
    hashes: dict[str, str] = manifest["sha256"]
    is_whole = (
        (made_by in _READABLE) and (("manifest" in manifest) == (made_by > 2)) and {STATE, STATE_TENSORS} < set(hashes)
    )
    if not is_whole or not all(map(_FILE_NAME.fullmatch, hashes)) or name != f"step-{manifest['step']:06d}":
        raise ValueError
    return hashes


def checkpoint_steps(folder: Path) -> list[int]:
    """Steps of all checkpoints below ``folder``, ascending."""
    names = (re.fullmatch(r"step-([0-9]{6,18})", path.name) for path in folder.glob("step-*"))
    steps = sorted(int(name.group(1)) for name in names if name)
    return [step for step in steps if checkpoint_path(folder, step).is_dir()]


def find_checkpoint(folder: Path, step: int | None = None, *, not_after: int | None = None) -> Path:
    """The checkpoint of ``step``, or the newest intact one; damaged ones are passed over with a warning.

    Args:
        folder: of the checkpoints.
        step: the one that is wanted (default: the newest).
        not_after: leave out those of later steps.

    Raises:
        UserError: there is none, or the one asked for is missing or damaged, or cannot be read by this version.
    """
    steps = [known for known in checkpoint_steps(folder) if not_after is None or known <= not_after]
    if step is not None and step not in steps:
        raise UserError(f"There is no checkpoint of step {step} in '{folder}'; there are: {_listed(steps)}.")
    for candidate in [step] if step is not None else reversed(steps):
        path = checkpoint_path(folder, candidate)
        wrong = fault(path)
        if wrong is None:
            return path
        if path.exists():  # otherwise a live run has just removed it
            warnings.warn(f"Checkpoint '{path}' is damaged ({wrong}) and was passed over.", DataWarning, stacklevel=2)
    raise UserError(f"There is no intact checkpoint in '{folder}'; start the run again under another name.")


def read_checkpoint(folder: Path, read: Callable[[Path], T], step: int | None = None) -> T:
    """What ``read`` makes of the checkpoint that `find_checkpoint` finds, while a live run may remove old ones.

    A checkpoint that vanishes under the reader is no error: the newest one then is read in its place.

    Raises:
        UserError: as `find_checkpoint`.
    """
    for _ in range(_ATTEMPTS):
        steps = checkpoint_steps(folder)
        try:
            path = find_checkpoint(folder, step)
        except UserError:
            if checkpoint_steps(folder) == steps:
                raise
            continue
        try:
            return read(path)
        except (OSError, SafetensorError):
            if fault(path) is None:
                raise
    raise UserError(f"The checkpoints in '{folder}' are replaced faster than they can be read; try again.")


def keep_only(folder: Path, newest: int, also: Iterable[int]) -> None:
    """Remove all checkpoints but the ``newest`` ones and those of the steps ``also``."""
    steps = checkpoint_steps(folder)
    for step in set(steps[:-newest]) - set(also):
        remove_checkpoint(folder, step)


def remove_checkpoint(folder: Path, step: int) -> None:
    """Remove one checkpoint; a kill in between leaves a temporary, never half a checkpoint under its name."""
    path = checkpoint_path(folder, step)
    doomed = temporary_beside(path.with_name(f"{path.name}-removed"))
    path.rename(doomed)
    shutil.rmtree(doomed, ignore_errors=True)


def _listed(steps: list[int]) -> str:
    return ", ".join(map(str, steps)) or "none"
