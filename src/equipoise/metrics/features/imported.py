"""A feature network of one's own, named by import path: ``package.module:attribute`` or ``package.module.Class``.

What lies there may be a `FeatureNetwork`, a class of one, or any ``torch.nn.Module`` that maps images to features. A
class is built without arguments, or with the device alone where it takes one. A bare module is wrapped: it is called in
float32 without gradients, in evaluation mode, and is named by its path.
"""

import importlib
import inspect
from typing import Any

import torch
from torch import Tensor, nn

from equipoise.core.errors import UserError
from equipoise.metrics.features.network import FeatureNetwork, full_precision, state_hash


class ModuleFeatures:
    """A ``torch.nn.Module`` as a feature network; see `FeatureNetwork`.

    Args:
        module: maps examples (N, ...) in [-1, 1] to features (N, d), each example alone.
        name: what to call the features.
        device: where it computes; the module and the examples are moved there.

    >>> features = ModuleFeatures(nn.Flatten(), "pixels")
    >>> features(torch.zeros(5, 3, 8, 8)).shape
    torch.Size([5, 192])
    """

    dimension = None
    example_shape = None

    def __init__(self, module: nn.Module, name: str, device: torch.device | str = "cpu") -> None:
        self.name, self.device = name, torch.device(device)
        self._module = module.eval().to(self.device)
        state = {key: value for key, value in module.state_dict().items() if isinstance(value, Tensor)}
        self.weights_hash = state_hash(state) if state else "none"

    def __call__(self, examples: Tensor) -> Tensor:
        """See `FeatureNetwork.__call__`.

        Raises:
            UserError: the module refuses the examples, or what it makes of them are not features (N, d).
        """
        with full_precision(self.device):
            try:
                features = self._module(examples.to(self.device, torch.float32))
            except RuntimeError as error:
                raise UserError(
                    f"The features {self.name!r} refused examples of shape {tuple(examples.shape)}: "
                    f"{str(error).splitlines()[0]}"
                ) from error
        if not isinstance(features, Tensor) or features.ndim != 2 or len(features) != len(examples):
            found = f"a tensor {tuple(features.shape)}" if isinstance(features, Tensor) else type(features).__name__
            raise UserError(
                f"The features {self.name!r} made {found} of {len(examples)} examples; a tensor (N, d) is needed."
            )
        return features.float()


def imported_features(path: str, device: torch.device | str = "cpu") -> FeatureNetwork:
    """The feature network at an import path, on ``device``.

    Args:
        path: ``package.module:attribute`` or ``package.module.Class``.
        device: where it computes.

    Raises:
        UserError: nothing is there, it cannot be built, or it is not a feature network.
    """
    found = _find(path)
    if isinstance(found, type):
        found = _built(found, path, device)
    if isinstance(found, FeatureNetwork):
        return found
    if isinstance(found, nn.Module):
        return ModuleFeatures(found, path, device)
    needed = ("name", "dimension", "example_shape", "weights_hash", "__call__")
    raise UserError(
        f"{path!r} is not a feature network, since it has no {', '.join(n for n in needed if not hasattr(found, n))}; "
        f"name a torch.nn.Module, or an object with all that equipoise.metrics.FeatureNetwork lists."
    )


def _find(path: str) -> Any:
    separator = ":" if ":" in path else "."
    module_name, _, attribute = path.rpartition(separator)
    if not (module_name and attribute):
        raise UserError(
            f"Features {path!r} are no import path; name a module and an object in it, as package.module:attribute."
        )
    try:
        found: Any = importlib.import_module(module_name)
        for part in attribute.split("."):
            found = getattr(found, part)
    except ModuleNotFoundError as error:
        raise UserError(
            f"Features {path!r} need the module {error.name!r}, which is not found; install it, or put its folder on "
            f"PYTHONPATH."
        ) from error
    except AttributeError as error:
        raise UserError(f"Features {path!r}: {error}.") from error
    return found


def _built(found: type, path: str, device: torch.device | str) -> Any:
    takes_device = "device" in inspect.signature(found).parameters
    try:
        return found(device=torch.device(device)) if takes_device else found()
    except TypeError as error:
        raise UserError(
            f"Features {path!r} cannot be built: {error}; make a class that needs no argument but the device, or name "
            f"an object."
        ) from error
