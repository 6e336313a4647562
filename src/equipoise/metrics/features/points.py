"""Points are their own features: the Frechet distance of the coordinates themselves."""

import torch
from torch import Tensor

from equipoise.core.errors import UserError


class Points:
    """The identity on points (N, D); see `FeatureNetwork`. Any range will do.

    >>> Points()(torch.tensor([[2.0, -5.0]]))
    tensor([[ 2., -5.]])
    """

    name = "points"
    dimension = None
    example_shape = None
    weights_hash = "none"

    def __init__(self, device: torch.device | str = "cpu") -> None:
        self.device = torch.device(device)

    def __call__(self, examples: Tensor) -> Tensor:
        """See `FeatureNetwork.__call__`.

        Raises:
            UserError: the examples are not points (N, D).
        """
        if examples.ndim != 2:
            raise UserError(
                f"Examples of shape {tuple(examples.shape[1:])} were given to the features 'points', which take (D,); "
                f"choose features made for this data."
            )
        return examples.detach().to(self.device, torch.float32)
