"""Inception features: those in which a Frechet distance is called FID (Heusel et al. 2017).

The network is that of ``inception_network``, computed as ``inception_fast`` arranges it. Weights come from the file
that pytorch-fid publishes (torch-fidelity distributes the same bytes), or from a state dict. Only the published weights
are named ``inception``; with any others the features are ``inception-other``, and no distance in them is an FID.

``classify`` gives the logits without the bias of the last layer, as the Inception Score has been computed since
Salimans et al. (2016), whose code multiplies the pooled features by the matrix alone; torch-fidelity calls them
``logits_unbiased``. Not here: the score itself, and the resize rules (``metrics.resize``).
"""

import pickle
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal

import torch
from torch import Tensor
from torch.nn.functional import pad

from equipoise.core.errors import UserError, unknown
from equipoise.core.files import sha256_of_file
from equipoise.metrics.features.download import Progress, WeightsFile, fetch
from equipoise.metrics.features.inception_fast import fast
from equipoise.metrics.features.inception_network import DIMENSION, SIZE, Inception, inception
from equipoise.metrics.features.network import full_precision, require_pictures, state_hash
from equipoise.metrics.resize import resize_rule

PUBLISHED = WeightsFile(
    name="pt_inception-2015-12-05-6726825d.pth",
    url="https://github.com/mseitzer/pytorch-fid/releases/download/fid_weights/pt_inception-2015-12-05-6726825d.pth",
    sha256="6726825d0af5f729cebd5821db510b11b1cfad8faad88a03f1befd49fb9129b2",
    size=95_628_359,
)

Weights = Mapping[str, Tensor] | Path | str | None
Precision = Literal["float32", "bfloat16"]
_TYPES = {"float32": torch.float32, "bfloat16": torch.bfloat16}
# More images at once are slower on a CPU, where activations should stay in the cache, and faster elsewhere.
_BATCH = {"cpu": 8}
_BATCH_ELSEWHERE = 64


class InceptionFeatures:
    """The 2048 pooled features of the FID network as features, its 1008 logits as classes; see `FeatureNetwork`.

    Images may have any size and one or three channels; grey ones become three equal channels.

    Args:
        device: where it computes; examples are moved there.
        resize: name of a rule in `RESIZE_RULES`. Numbers of different rules are not comparable.
        weights: path of a copy of the published file, or a state dict of one's own with its keys; by default the
            published file, fetched once into the cache folder.
        precision: float32, or bfloat16 weights and activations: faster where the processor has them, and coarser.
        compiled: hand the network to ``torch.compile``, which takes half a minute at the first batch and pays over
            some thousands of images on a CPU.
        progress: see `fetch`.

    Raises:
        UserError: the weights cannot be had or are not those of this network, or a name is unknown.

    >>> from equipoise.metrics.features.inception_network import random_weights
    >>> features = InceptionFeatures(weights=random_weights())
    >>> features(torch.zeros(1, 1, 28, 28)).shape
    torch.Size([1, 2048])
    """

    dimension = DIMENSION
    example_shape = None

    def __init__(
        self,
        device: torch.device | str = "cpu",
        *,
        resize: str = "tf1",
        weights: Weights = None,
        precision: Precision = "float32",
        compiled: bool = False,
        progress: Progress | None = None,
    ) -> None:
        self.device, self.resize, self.precision = torch.device(device), resize, precision
        self._rule = resize_rule(resize)
        if precision not in _TYPES:
            raise unknown("precision", precision, _TYPES)
        self._type = _TYPES[precision]
        plain, self.weights_hash = _loaded(weights, progress)
        self.name = "inception" if self.weights_hash == PUBLISHED.sha256 else "inception-other"
        network = fast(plain).to(self.device, torch.float32)
        self._head = network.fc.weight.detach().clone()
        network.to(self._type)
        self._compiled, self._batch = compiled, _BATCH.get(self.device.type, _BATCH_ELSEWHERE)
        self._network: Any = torch.compile(network, options={"freezing": True}) if compiled else network

    def __call__(self, examples: Tensor) -> Tensor:
        """Features (N, 2048) float32 of images (N, 1 or 3, H, W) in [-1, 1], see `FeatureNetwork.__call__`.

        Raises:
            UserError: the examples are of another shape or range.
        """
        require_pictures(self, examples)
        with full_precision(self.device):
            parts = [self._features(part) for part in torch.split(examples, self._batch) if len(part)]
            return torch.cat(parts) if parts else torch.empty(0, DIMENSION, device=self.device)

    def classify(self, examples: Tensor) -> Tensor:
        """Logits (N, 1008) float32 without bias, see `ClassifierNetwork.classify`.

        Raises:
            UserError: the examples are of another shape or range.
        """
        return self.logits(self(examples))

    def logits(self, features: Tensor) -> Tensor:
        """Logits (N, 1008) float32 without bias of features (N, 2048), so that one pass serves both."""
        with full_precision(self.device):
            return features.to(self.device) @ self._head.T

    def _features(self, examples: Tensor) -> Tensor:
        images = self._prepared(examples)
        if self._compiled:
            # It would be compiled anew for another number of images.
            images = pad(images, (0, 0, 0, 0, 0, 0, 0, self._batch - len(images)))
        features: Tensor = self._network(images)[: len(examples)]
        return features.float()

    def _prepared(self, examples: Tensor) -> Tensor:
        """What the network reads: (N, 3, 299, 299) on the scale of the resize rule."""
        images = self._rule.resized(examples.to(self.device, torch.float32), SIZE)
        scaled = self._rule.as_network_input(images).expand(-1, 3, -1, -1)
        return scaled.to(self._type).contiguous(memory_format=torch.channels_last)


def _loaded(weights: Weights, progress: Progress | None) -> tuple[Inception, str]:
    """The plain network, and the hash of its weights: of the file's bytes where there is a file."""
    if isinstance(weights, Mapping):
        return inception(weights), state_hash(weights)
    path = _checked(Path(weights)) if weights is not None else fetch(PUBLISHED, progress)
    try:
        return inception(torch.load(path, map_location="cpu", weights_only=True)), PUBLISHED.sha256
    except (pickle.UnpicklingError, RuntimeError, EOFError) as error:
        raise UserError(f"{str(path)!r} cannot be read as a file of weights; is it whole?") from error


def _checked(path: Path) -> Path:
    """``path``, where it holds the published bytes."""
    try:
        found = sha256_of_file(path)
    except OSError as error:
        raise UserError(f"Weights file {str(path)!r} cannot be read ({error.strerror}).") from error
    if found != PUBLISHED.sha256:
        raise UserError(
            f"{str(path)!r} has the SHA-256 {found} instead of {PUBLISHED.sha256} of {PUBLISHED.name}; give that file, "
            f"or load other weights yourself and give their state dict."
        )
    return path
