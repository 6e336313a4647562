"""DINOv2 features: those in which FD follows what people see best (Stein et al. 2023, who call it FD-DINOv2).

The class token of the largest of the distilled networks, ViT-L/14 (Oquab et al. 2024), after its last normalisation, of
images at 224 pixels on ImageNet's scale. The network is that of the package ``transformers``, an optional dependency;
the weights are one pinned revision of ``facebook/dinov2-large``. Stein et al. resized to 8 bits with Pillow's bicubic
filter; the rule ``clean`` is that filter without rounding, so numbers are near theirs and not the same.
"""

from typing import Any

import torch
from safetensors.torch import load_file
from torch import Tensor

from equipoise.core.errors import UserError
from equipoise.metrics.features.download import Progress, WeightsFile, fetch
from equipoise.metrics.features.network import full_precision, require_pictures, state_hash
from equipoise.metrics.resize import resize_rule

_REVISION = "47b73eefe95e8d44ec3623f8890bd894b6ea2d6c"
PUBLISHED = WeightsFile(
    name="dinov2-large.safetensors",
    url=f"https://huggingface.co/facebook/dinov2-large/resolve/{_REVISION}/model.safetensors",
    sha256="399fba97a95f22c36834418bc69373364a99af3a1153da1c0fb31db567c92e23",
    size=1_217_522_888,
)

SIZE = 224
_SHAPE: dict[str, Any] = {
    "hidden_size": 1024,
    "num_hidden_layers": 24,
    "num_attention_heads": 16,
    "image_size": 518,
    "patch_size": 14,
}
# Mean and standard deviation of ImageNet's colours in [0, 1].
_MEAN, _STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
_BATCH = {"cpu": 8}
_BATCH_ELSEWHERE = 64


class Dinov2Features:
    """The class token of DINOv2; see `FeatureNetwork`. Images may have any size and one or three channels.

    Args:
        device: where it computes; examples are moved there.
        resize: name of a rule in `RESIZE_RULES`. Numbers of different rules are not comparable.
        model: a ``transformers.Dinov2Model`` of one's own; its features are named ``dinov2-other``. By default ViT-L/14
            with the published weights, fetched once into the cache folder.
        progress: see `fetch`.

    Raises:
        UserError: ``transformers`` is not installed, the weights cannot be had, or the rule is unknown.
    """

    example_shape = None

    def __init__(
        self,
        device: torch.device | str = "cpu",
        *,
        resize: str = "clean",
        model: Any = None,
        progress: Progress | None = None,
    ) -> None:
        self.device, self.resize = torch.device(device), resize
        self._rule = resize_rule(resize)
        self.name = "dinov2" if model is None else "dinov2-other"
        self.weights_hash = PUBLISHED.sha256 if model is None else state_hash(model.state_dict())
        model = published_model(progress) if model is None else model
        self._model = model.eval().requires_grad_(False).to(self.device)
        self.dimension: int = model.config.hidden_size
        self._mean, self._std = (torch.tensor(values, device=self.device)[:, None, None] for values in (_MEAN, _STD))

    def __call__(self, examples: Tensor) -> Tensor:
        """Features (N, d) float32 of images (N, 1 or 3, H, W) in [-1, 1], see `FeatureNetwork.__call__`.

        Raises:
            UserError: the examples are of another shape or range.
        """
        require_pictures(self, examples)
        batch = _BATCH.get(self.device.type, _BATCH_ELSEWHERE)
        with full_precision(self.device):
            parts = [self._tokens(part) for part in torch.split(examples, batch) if len(part)]
            return torch.cat(parts) if parts else torch.empty(0, self.dimension, device=self.device)

    def _tokens(self, examples: Tensor) -> Tensor:
        images = self._rule.resized(examples.to(self.device, torch.float32), SIZE)
        scaled = ((images + 1) / 2 - self._mean) / self._std
        tokens: Tensor = self._model(pixel_values=scaled).last_hidden_state[:, 0]
        return tokens


def published_model(progress: Progress | None = None) -> Any:
    """The published network as a ``transformers.Dinov2Model``.

    Raises:
        UserError: ``transformers`` is not installed, or the weights cannot be had.
    """
    try:
        from transformers import Dinov2Config, Dinov2Model
    except ImportError as error:
        raise UserError(
            "The features 'dinov2' need the package transformers; pip install 'equipoise[dinov2]'."
        ) from error
    state = load_file(fetch(PUBLISHED, progress))
    loaded: Any = Dinov2Model.from_pretrained(
        None, config=Dinov2Config(**_SHAPE), state_dict=state, output_loading_info=True
    )
    model, loading = loaded
    # transformers draws at random what it does not find, and only logs it.
    if loading["missing_keys"] or loading["mismatched_keys"]:
        raise UserError(f"This version of transformers does not find all weights in {PUBLISHED.name}; install another.")
    return model
