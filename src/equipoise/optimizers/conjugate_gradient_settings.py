"""The settings that conjugate gradients take, and the sentences for those they refuse."""

import math
from collections.abc import Callable
from typing import Any

import torch

from equipoise.core.errors import UserError, unknown
from equipoise.optimizers.beta_rules import BETA_RULES

# Settings of the player as a whole, which no parameter group may have to itself.
SHARED = ("beta", "mu", "cap", "cap_power", "floor", "scale", "restart", "scope")
SCOPES = ("player", "tensor")


def check_player(settings: dict[str, Any]) -> None:
    """Refuse settings of the whole player that are out of range or that nothing would read."""
    if settings["beta"] not in BETA_RULES:
        raise unknown("beta rule", str(settings["beta"]), BETA_RULES)
    if settings["scope"] not in SCOPES:
        raise unknown("scope", str(settings["scope"]), SCOPES)
    _require(settings, "mu", lambda mu: mu is None or 0.25 < mu < math.inf, "a number above 1/4, or None for 2")
    _require(settings, "cap", lambda cap: cap is None or cap >= 0, "at least 0, or None for no cap")
    _require(settings, "floor", lambda floor: floor is None or floor <= 0, "at most 0, or None for no floor")
    for name in ("scale", "cap_power"):
        _require(settings, name, lambda value: 0 <= value < math.inf, "a finite number of at least 0")
    if settings["mu"] is not None and settings["beta"] != "hz":
        raise UserError(
            f"ConjugateGradient got mu={settings['mu']} with beta={settings['beta']!r}; mu is for 'hz': leave it out."
        )
    if settings["cap_power"] and settings["cap"] is None:
        raise UserError(
            f"ConjugateGradient got cap_power={settings['cap_power']} without a cap to diminish; give one, such as 0.5."
        )


def check_group(group: dict[str, Any], first: dict[str, Any]) -> None:
    """Refuse a parameter group that cannot stand beside the first one."""
    for name in ("lr", "weight_decay"):
        _require(group, name, lambda value: 0 <= value < math.inf, "a finite number of at least 0")
    for name in SHARED:
        if group[name] != first[name]:
            raise UserError(
                f"A parameter group of ConjugateGradient got {name}={group[name]!r} beside {first[name]!r}; there is "
                "one beta for all groups, so give it to the constructor, or make an optimiser for each."
            )
    for parameter in group["params"]:
        if parameter.dtype not in (torch.float32, torch.float64):
            raise UserError(
                f"ConjugateGradient got a parameter in {parameter.dtype}; it takes float32 and float64, so keep the "
                "parameters in float32 under autocast, or optimise torch.view_as_real of complex ones."
            )
    devices = {str(parameter.device) for parameter in (*first["params"][:1], *group["params"])}
    if len(devices) > 1:
        raise UserError(
            f"ConjugateGradient got parameters on {' and '.join(sorted(devices))}; its inner products need one device, "
            "so make an optimiser for each."
        )


def _require(settings: dict[str, Any], name: str, holds: Callable[[Any], bool], allowed: str) -> None:
    value = settings[name]
    if (value is not None and not isinstance(value, int | float)) or not holds(value):
        raise UserError(f"ConjugateGradient got {name}={value!r}; it has to be {allowed}.")
