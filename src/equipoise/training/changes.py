"""What may differ between a checkpoint and the request to go on from it, and what was changed, in words.

A run is resumed exactly or not at all, up to the settings that do not enter its numbers (where, how long, how often)
and to the machine, which cannot be kept. Settings that the checkpoint's version did not know have their defaults.
"""

from collections.abc import Mapping
from typing import Any

from equipoise.config import RunSettings
from equipoise.config.files import merged
from equipoise.core.errors import UserError

MAY_CHANGE = (
    *("name", "root", "device", "threads", "deterministic", "guard", "track"),
    *("data.path", "data.workers", "data.memory_limit"),
    *("target.path", "target.workers", "target.memory_limit", "adaptation.picture", "adaptation.num_pictured"),
    *("training.steps", "training.log_every", "training.sample_every", "training.checkpoint_every"),
    *("training.keep_checkpoints", "training.measure_noise_every", "evaluation.every"),
)
STRETCHED = ("linear", "cosine", "exponential")
"""Decays that follow the part of the run's length that is played, so that another length changes what is in force."""
RAMPS = ("sigmoid", "linear")
"""Ramps that do so too."""
CONDITIONS = ("equipoise", "torch", "processor", "cuda_device", "threads")
"""Entries of ``environment.json`` that can change the last bits of a result."""


def settings_changes(saved: dict[str, Any], settings: RunSettings) -> list[str]:
    """Settings that were changed since they were ``saved`` and may be, in words.

    Args:
        saved: as in the checkpoint; empty where it kept none.
        settings: of the run now.

    Raises:
        UserError: a setting was changed that makes it another run.
    """
    defaults = RunSettings().model_dump(mode="json")
    now = settings.model_dump(mode="json")
    before = merged(defaults, saved) if saved else now
    changes = []
    for name, (old, new) in differences(before, now).items():
        if not any(name == free or name.startswith(f"{free}.") for free in MAY_CHANGE):
            raise UserError(
                f"{name} was {old!r} when the run was saved, but is {new!r} now: that is another run; put "
                f"{old!r} back, or start a new run with 'equipoise train --config'."
            )
        changes.append(f"{name} {old!r} -> {new!r}{_stretching(now) if name == 'training.steps' else ''}")
    return changes


def stretched(settings: Mapping[Any, Any], prefix: str = "") -> list[str]:
    """Names of the numbers in nested settings whose decay depends on the length of the run, each with its decay.

    >>> stretched({"ema": {"value": 0.9, "decay": "linear"}, "betas": [0.0, {"value": 0.5, "decay": "step"}]})
    ['ema (linear)']
    """
    found = []
    for name, value in settings.items():
        if isinstance(value, dict):
            kept = [f"{prefix}{name} ({value['decay']})"] if value.get("decay") in STRETCHED else []
            if value.get("adversarial_ramp") in RAMPS:
                kept.append(f"{prefix}{name}.adversarial_weight ({value['adversarial_ramp']})")
            found += kept + stretched(value, f"{prefix}{name}.")
        elif isinstance(value, list):
            found += stretched(dict(enumerate(value)), f"{prefix}{name}.")
    return found


def _stretching(settings: dict[str, Any]) -> str:
    names = stretched(settings)
    return f", which changes the numbers in force of {' and '.join(names)} from here on" if names else ""


def environment_changes(saved: dict[str, Any], now: dict[str, Any]) -> list[str]:
    """Versions and machine parts that can change the last bits of a result, in words."""
    return [
        f"{name} {saved[name]!r} -> {now[name]!r}"
        for name in CONDITIONS
        if name in saved and saved[name] != now.get(name)
    ]


def differences(old: dict[str, Any], new: dict[str, Any], prefix: str = "") -> dict[str, tuple[Any, Any]]:
    """Pairs of values by dotted name wherever two nested mappings differ.

    >>> differences({"a": {"b": 1, "c": 2}}, {"a": {"b": 1, "c": 3}})
    {'a.c': (2, 3)}
    """
    found: dict[str, tuple[Any, Any]] = {}
    for key in [*old, *(key for key in new if key not in old)]:
        one, other = old.get(key), new.get(key)
        if isinstance(one, dict) and isinstance(other, dict):
            found |= differences(one, other, f"{prefix}{key}.")
        elif one != other:
            found[prefix + key] = (one, other)
    return found
