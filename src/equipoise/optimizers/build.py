"""An optimiser from its settings: by name, or any `torch.optim.Optimizer` subclass by import path.

The fastest implementation that the class and the device offer is taken: fused kernels, otherwise the class's default.
"""

import importlib
import inspect
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from torch import nn
from torch.optim import Optimizer

from equipoise.config import PlayerSettings
from equipoise.config.schedules import first_value
from equipoise.core.errors import UserError, nearest
from equipoise.optimizers.beta_rules import BETA_RULES


@dataclass(frozen=True)
class Named:
    """A short name for a class with some of its arguments."""

    path: str
    arguments: dict[str, Any] = field(default_factory=dict)


OPTIMIZERS: dict[str, Named] = {
    "adam": Named("torch.optim.Adam"),
    "adamw": Named("torch.optim.AdamW"),
    "amsgrad": Named("torch.optim.Adam", {"amsgrad": True}),
    "rmsprop": Named("torch.optim.RMSprop", {"alpha": 0.99, "eps": 1e-8}),
    "sgd": Named("torch.optim.SGD"),
    "momentum": Named("torch.optim.SGD", {"momentum": 0.9}),
    # The settings of Sato & Iiduka 2023: eps 1e-16 and rectification, as AdaBelief's authors advise for GANs.
    "adabelief": Named("pytorch_optimizer.AdaBelief", {"eps": 1e-16, "rectify": True, "weight_decouple": True}),
    # Naganuma & Iiduka 2023, one name a rule: cg-fr, cg-prp, cg-hs, cg-dy, cg-hz, cg-hs-dy, cg-fr-prp.
    **{f"cg-{rule}": Named("equipoise.optimizers.ConjugateGradient", {"beta": rule}) for rule in BETA_RULES},
}


def build_optimizer(settings: PlayerSettings, parameters: Sequence[nn.Parameter]) -> Optimizer:
    """The optimiser that ``settings`` name, over ``parameters``.

    Raises:
        UserError: the name is unknown, the package is missing, or the optimiser does not take one of the arguments.
    """
    named = OPTIMIZERS.get(settings.optimizer, Named(settings.optimizer))
    optimizer_class = _import_optimizer(settings.optimizer, named.path)
    betas = settings.betas and tuple(first_value(beta) for beta in settings.betas)
    asked = {"betas": betas, "momentum": settings.momentum}
    given = {name: value for name, value in asked.items() if value is not None}
    arguments = named.arguments | given | settings.options
    accepted = _accepted_arguments(optimizer_class)
    _refuse_unknown(settings.optimizer, arguments, accepted)
    if "fused" in accepted and parameters[0].device.type in ("cpu", "cuda"):
        arguments.setdefault("fused", True)
    try:
        return optimizer_class(parameters, lr=settings.lr, **arguments)
    except (ValueError, TypeError, RuntimeError) as error:
        raise UserError(f"Optimizer {settings.optimizer!r} refused its arguments {arguments}: {error}") from error


def _import_optimizer(name: str, path: str) -> Callable[..., Optimizer]:
    module_name, _, class_name = path.rpartition(".")
    guess = nearest(name, OPTIMIZERS)
    hint = f"did you mean {guess!r}? Choose" if guess else "choose"
    names = f"{hint} from {', '.join(OPTIMIZERS)}, or give an import path such as torch.optim.NAdam."
    if not module_name:
        raise UserError(f"Unknown optimizer {name!r}; {names}")
    try:
        found = getattr(importlib.import_module(module_name), class_name)
    except ModuleNotFoundError as error:
        raise UserError(
            f"Optimizer {name!r} needs the package {error.name!r}; install it. Otherwise: {names}"
        ) from error
    except AttributeError as error:
        raise UserError(f"Module {module_name!r} has no optimizer {class_name!r}; {names}") from error
    if not (isinstance(found, type) and issubclass(found, Optimizer)):
        raise UserError(f"{path!r} is not a torch.optim.Optimizer subclass; {names}")
    return found


def _accepted_arguments(optimizer_class: Callable[..., Optimizer]) -> set[str]:
    return set(inspect.signature(optimizer_class).parameters) - {"params", "lr"}


def _refuse_unknown(name: str, arguments: dict[str, Any], accepted: set[str]) -> None:
    if "kwargs" in accepted:
        return
    for argument in arguments.keys() - accepted:
        raise UserError(
            f"Optimizer {name!r} takes no {argument!r} (set it to None, or leave it out); it takes "
            f"{', '.join(sorted(accepted))}."
        )
