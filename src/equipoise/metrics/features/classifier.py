"""Small classifiers of digits and of photographs, whose last hidden layer is a feature space made for one data set.

Inception features say little about 8 x 8 pixels, and Inception is too large for a test that must end in seconds. A
classifier trained on the data set itself is the usual replacement (Hazimeh & Ponomareva 2023 take one of 99 % for
MNIST). The distance in these features is an FD with its features named, never "FID".

| name    | images      | d   | weights | trained on                    | tested on              | accuracy            |
|---------|-------------|-----|---------|-------------------------------|------------------------|---------------------|
| digits  | 8 x 8 x 1   | 64  | 45,162  | 1,437 of scikit-learn's 1,797 | the other 360          | 100 % (0 off)       |
| mnist   | 28 x 28 x 1 | 96  | 141,274 | MNIST's 60,000                | its 10,000 test images | 99.58 % (42 off)    |
| cifar10 | 32 x 32 x 3 | 128 | 247,626 | CIFAR-10's 50,000             | its 10,000 test images | 83.56 % (1,644 off) |

``scripts/train_feature_networks.py`` makes the files; the accuracies are those of the stored float16 weights and stand
in the files' headers too. The first two are a little flattering: their plans of training were settled with the test
accuracies in view (that of cifar10 was run once), and the 360 digits come from the writers of the other 1,437. The
networks were also trained to keep what tells two images of one class apart (see the script). The copies of CIFAR-10 at
hand, to train and to test on, were JPEG-compressed: distances to the original pixels include what JPEG changed. Not
here: the training, and networks for anything but these three.
"""

from dataclasses import dataclass
from pathlib import Path

import torch
from safetensors.torch import load_file
from torch import Tensor, nn
from torch.nn.utils import convert_conv2d_weight_memory_format

from equipoise.core.files import sha256_of_file
from equipoise.metrics.features.network import full_precision, require_images

WEIGHTS = Path(__file__).resolve().parent.parent / "weights"
# Activations of so many images stay in a CPU's cache: 5,000 digits take 50 ms on one thread, in one batch 140 ms.
_CHUNK = 250


@dataclass(frozen=True)
class Architecture:
    """Shape of a classifier.

    Attributes:
        size: height and width of its images in pixels.
        channels: width of each 3 x 3 convolution.
        pooled: for each convolution, whether means over 2 x 2 pixels follow it.
        dimension: number of features.
        num_classes: number of logits.
        colours: channels of its images.
    """

    size: int
    channels: tuple[int, ...]
    pooled: tuple[bool, ...]
    dimension: int
    num_classes: int = 10
    colours: int = 1


ARCHITECTURES = {
    "digits": Architecture(size=8, channels=(32, 32, 64), pooled=(False, True, True), dimension=64),
    "mnist": Architecture(size=28, channels=(32, 48, 64), pooled=(True, True, True), dimension=96),
    "cifar10": Architecture(size=32, channels=(24, 64, 96, 128), pooled=(True,) * 4, dimension=128, colours=3),
}


class Classifier(nn.Module):
    """Convolutions with ReLU and mean pooling, one hidden layer (the features), one linear layer (the logits).

    The features are taken after their ReLU, so they are not negative. There is no normalisation layer, so that the
    features of an image depend on nothing but the image.
    """

    def __init__(self, architecture: Architecture) -> None:
        super().__init__()
        layers: list[nn.Module] = []
        width, size = architecture.colours, architecture.size
        for channels, pooled in zip(architecture.channels, architecture.pooled, strict=True):
            layers += [nn.Conv2d(width, channels, kernel_size=3, padding=1), nn.ReLU()]
            if pooled:
                layers.append(nn.AvgPool2d(2, ceil_mode=True))
                size = -(-size // 2)
            width = channels
        layers += [nn.Flatten(), nn.Linear(width * size * size, architecture.dimension), nn.ReLU()]
        self.features = nn.Sequential(*layers)
        self.head = nn.Linear(architecture.dimension, architecture.num_classes)

    def forward(self, images: Tensor) -> Tensor:
        """Logits (N, classes) of images (N, colours, size, size) in [-1, 1]."""
        logits: Tensor = self.head(self.features(images))
        return logits


class ClassifierFeatures:
    """The hidden layer of a stored classifier as features, its head as classes; see `ClassifierNetwork`.

    Args:
        name: one of `ARCHITECTURES`.
        device: where it computes; examples are moved there.
    """

    def __init__(self, name: str, device: torch.device | str = "cpu") -> None:
        architecture, path = ARCHITECTURES[name], WEIGHTS / f"{name}.safetensors"
        self.name, self.device = name, torch.device(device)
        self.dimension = architecture.dimension
        self.example_shape = (architecture.colours, architecture.size, architecture.size)
        self.weights_hash = sha256_of_file(path)
        model = Classifier(architecture)
        model.load_state_dict({key: value.float() for key, value in load_file(path).items()})
        self._model = model.eval().requires_grad_(False).to(self.device)
        convert_conv2d_weight_memory_format(self._model, torch.channels_last)

    def __call__(self, examples: Tensor) -> Tensor:
        """Features (N, dimension) float32, see `FeatureNetwork.__call__`.

        Raises:
            UserError: the examples are of another shape or range.
        """
        return self._in_chunks(self._model.features, examples)

    def classify(self, examples: Tensor) -> Tensor:
        """Logits (N, classes) float32, see `ClassifierNetwork.classify`.

        Raises:
            UserError: the examples are of another shape or range.
        """
        return self._in_chunks(self._model, examples)

    def logits(self, features: Tensor) -> Tensor:
        """Logits (N, classes) float32 of features that were taken already."""
        with full_precision(self.device):
            logits: Tensor = self._model.head(features.to(self.device, torch.float32))
            return logits

    def _in_chunks(self, part: nn.Module, examples: Tensor) -> Tensor:
        require_images(self, examples)
        with full_precision(self.device):
            images = examples.to(self.device, torch.float32, memory_format=torch.channels_last)
            return torch.cat([part(chunk) for chunk in torch.split(images, _CHUNK)])
