"""Train the small classifiers whose features the metrics room measures distances in.

    python scripts/train_feature_networks.py digits
    python scripts/train_feature_networks.py mnist --data FOLDER_OF_PARQUET_FILES
    python scripts/train_feature_networks.py cifar10 --data FOLDER_OF_PARQUET_FILES

One thread, one seed, a fixed number of epochs; the weights of the last epoch are stored in float16 and tested once.
About ten seconds for digits, six minutes for MNIST and eight for CIFAR-10. The same machine and versions give the same
file bit for bit.
"""

import argparse
import json
import math
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from safetensors.torch import save_file
from torch import Tensor, nn
from torch.nn import functional
from torch.nn.utils.fusion import fuse_conv_bn_eval, fuse_linear_bn_eval

from equipoise.config.data import DataSettings
from equipoise.core.files import replacing
from equipoise.data.table import open_table
from equipoise.metrics.features.classifier import ARCHITECTURES, Classifier

WEIGHTS = Path(__file__).resolve().parent.parent / "src" / "equipoise" / "metrics" / "weights"
SEED = 0


@dataclass(frozen=True)
class Examples:
    """Images (N, colours, size, size) in [-1, 1] with their classes (N,)."""

    images: Tensor
    labels: Tensor


@dataclass(frozen=True)
class Plan:
    """How long to train, and how strongly the images are disturbed.

    Attributes:
        epochs: passes over the training images.
        batch_size: images per step.
        learning_rate: highest rate of the cycle.
        shift: largest shift, as a fraction of the image.
        turn: largest rotation in radians.
        zoom: largest change of scale.
        noise: largest standard deviation of the noise, in units of [-1, 1].
        decoding: weight of the decoder's error beside the cross-entropy.
        photographs: whether images are mirrored at random and shifted by whole pixels, and neither turned nor zoomed.
        normalised: whether batch normalisation follows each convolution while training.
    """

    epochs: int
    batch_size: int
    learning_rate: float
    shift: float
    turn: float = math.radians(10)
    zoom: float = 0.1
    noise: float = 0.2
    decoding: float = 3.0
    photographs: bool = False
    normalised: bool = False


PLANS = {
    "digits": Plan(epochs=60, batch_size=64, learning_rate=2e-3, shift=0.08),
    "mnist": Plan(epochs=14, batch_size=128, learning_rate=2e-3, shift=0.07),
    "cifar10": Plan(
        epochs=14, batch_size=128, learning_rate=5e-3, shift=0.1, noise=0.1, photographs=True, normalised=True
    ),
}


def scaled(pixels: np.ndarray) -> Tensor:
    """Pixels (N, H, W) or (N, H, W, 3) in uint8 as images (N, 1 or 3, H, W) in [-1, 1]."""
    images = torch.from_numpy(pixels)
    return (images.unsqueeze(1) if images.ndim == 3 else images.movedim(3, 1)).float() / 127.5 - 1


def digits_split() -> tuple[Examples, Examples]:
    """Four fifths of scikit-learn's digits to train on, one fifth (360) to test on."""
    from sklearn.datasets import load_digits

    digits = load_digits()
    images = scaled(np.round(digits.images * 255 / 16).astype(np.uint8))
    labels = torch.from_numpy(digits.target)
    order = torch.randperm(len(labels), generator=torch.Generator().manual_seed(SEED))
    train, test = order[:1437], order[1437:]
    return Examples(images[train], labels[train]), Examples(images[test], labels[test])


def parquet_split(folder: Path, split: str) -> Examples:
    """The images of ``split`` in a folder laid out as on the Hugging Face hub."""
    from PIL import Image

    records = open_table(DataSettings(source="table", path=str(folder), split=split))
    pixels = [np.asarray(Image.open(records.open(row))) for row in range(len(records))]
    assert records.labels is not None, "both data sets have classes"
    return Examples(scaled(np.stack(pixels)), records.labels)


def moved(images: Tensor, plan: Plan) -> Tensor:
    """Images turned, zoomed and shifted, each by its own random amount."""

    def uniform(bound: float) -> Tensor:
        return (torch.rand(len(images)) * 2 - 1) * bound

    angle, zoom = uniform(plan.turn), 1 + uniform(plan.zoom)
    cosine, sine = angle.cos() * zoom, angle.sin() * zoom
    # Grid coordinates run over [-1, 1], so a shift by a fraction of the image is twice that here.
    across, down = uniform(2 * plan.shift), uniform(2 * plan.shift)
    matrices = torch.stack([cosine, -sine, across, sine, cosine, down], dim=1).view(-1, 2, 3)
    grid = functional.affine_grid(matrices, list(images.shape), align_corners=False)
    # Outside is black, which is -1 and not the 0 that grid_sample fills with.
    return functional.grid_sample(images + 1, grid, align_corners=False) - 1


def mirrored(images: Tensor, plan: Plan) -> Tensor:
    """Images mirrored or not and shifted by whole pixels, each by its own random amount.

    Nothing is interpolated, since that would teach the features not to see blur.
    """
    count, size = len(images), images.shape[-1]
    shift = round(plan.shift * size)
    padded = functional.pad(images, (shift,) * 4, mode="reflect")
    rows = torch.randint(2 * shift + 1, (count, 1)) + torch.arange(size)
    columns = torch.randint(2 * shift + 1, (count, 1)) + torch.arange(size)
    columns = torch.where(torch.rand(count, 1) < 0.5, columns.flip(1), columns)
    return padded[torch.arange(count).view(-1, 1, 1), :, rows.unsqueeze(2), columns.unsqueeze(1)].movedim(3, 1)


def noisy(images: Tensor, plan: Plan) -> Tensor:
    """Images with Gaussian noise, each of its own random strength."""
    strength = plan.noise * torch.rand(len(images), 1, 1, 1)
    return (images + strength * torch.randn_like(images)).clamp(-1, 1)


class Training(nn.Module):
    """A classifier with what it needs only while it learns.

    Batch normalisation before the features keeps every one of them alive: without it a quarter is zero for all images.
    A linear decoder keeps in the features what tells two images of one class apart, which a classifier alone learns to
    forget, so that a generator of one image per class is found out. Batch normalisation after each convolution, where
    the plan has it, makes a dozen epochs enough.
    """

    def __init__(self, classifier: Classifier, pixels: int, *, normalised: bool) -> None:
        super().__init__()
        *trunk, hidden, activation = classifier.features
        assert isinstance(hidden, nn.Linear)
        self.norms = nn.ModuleDict(
            {
                str(place): nn.BatchNorm2d(layer.out_channels)
                for place, layer in enumerate(trunk)
                if normalised and isinstance(layer, nn.Conv2d)
            }
        )
        self.trunk, self.hidden, self.activation = nn.ModuleList(trunk), hidden, activation
        self.norm, self.head = nn.BatchNorm1d(hidden.out_features), classifier.head
        self.decoder = nn.Linear(hidden.out_features, pixels)

    def loss(self, images: Tensor, labels: Tensor, plan: Plan) -> Tensor:
        """Cross-entropy, and the squared error per pixel of the image decoded from its noisy version."""
        maps = noisy(images, plan)
        for place, layer in enumerate(self.trunk):
            maps = layer(maps)
            if str(place) in self.norms:
                maps = self.norms[str(place)](maps)
        features = self.activation(self.norm(self.hidden(maps)))
        error = functional.mse_loss(self.decoder(features), images.flatten(1))
        return functional.cross_entropy(self.head(features), labels) + plan.decoding * error

    def fold_into(self, classifier: Classifier) -> None:
        """Put the normalisations into the weights of the layers before them."""
        for place, norm in self.norms.items():
            layer = self.trunk[int(place)]
            assert isinstance(layer, nn.Conv2d)
            assert isinstance(norm, nn.BatchNorm2d)
            classifier.features[int(place)] = fuse_conv_bn_eval(layer.eval(), norm.eval())
        classifier.features[-2] = fuse_linear_bn_eval(self.hidden.eval(), self.norm.eval())


def batches(examples: Examples, plan: Plan) -> Iterator[tuple[Tensor, Tensor]]:
    """One epoch of moved or mirrored images; the last, short batch is left out."""
    change = mirrored if plan.photographs else moved
    for rows in torch.randperm(len(examples.labels)).split(plan.batch_size):
        if len(rows) == plan.batch_size:
            yield change(examples.images[rows], plan), examples.labels[rows]


def trained(name: str, examples: Examples) -> Classifier:
    """A classifier after its whole plan: AdamW with one cycle of the learning rate."""
    torch.manual_seed(SEED)
    plan, classifier = PLANS[name], Classifier(ARCHITECTURES[name])
    training = Training(classifier, examples.images[0].numel(), normalised=plan.normalised)
    optimizer = torch.optim.AdamW(training.parameters(), lr=plan.learning_rate, weight_decay=0.05)
    steps = plan.epochs * (len(examples.labels) // plan.batch_size)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, plan.learning_rate, total_steps=steps)
    for epoch in range(plan.epochs):
        total = 0.0
        for images, labels in batches(examples, plan):
            optimizer.zero_grad()
            loss = training.loss(images, labels, plan)
            loss.backward()
            optimizer.step()
            schedule.step()
            total += loss.item()
        print(f"epoch {epoch + 1}/{plan.epochs}: loss {total * plan.epochs / steps:.4f}", flush=True)
    training.fold_into(classifier)
    return classifier.eval()


def rounded(model: nn.Module) -> dict[str, Tensor]:
    """The weights in float16, and the model itself changed to what they will be read back as."""
    weights = {name: value.half().contiguous() for name, value in model.state_dict().items()}
    model.load_state_dict({name: value.float() for name, value in weights.items()})
    return weights


@torch.inference_mode()
def accuracy(model: nn.Module, examples: Examples) -> float:
    """Fraction of ``examples`` that get their own class."""
    found = torch.cat([model(images).argmax(dim=1) for images in examples.images.split(1000)])
    return (found == examples.labels).double().mean().item()


def store(name: str, weights: dict[str, Tensor], facts: dict[str, float]) -> None:
    """Write the weights into the package, with ``facts`` in the header.

    The facts are one JSON text, because safetensors writes several entries in random order and the hash would change.
    """
    path = WEIGHTS / f"{name}.safetensors"
    with replacing(path) as temporary:
        save_file(weights, temporary, {"facts": json.dumps(facts)})
    path.chmod(0o644)


def main() -> None:
    """Train one classifier and store it in the package."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("name", choices=sorted(PLANS))
    parser.add_argument("--data", type=Path, help="folder of train-*.parquet and test-*.parquet of MNIST or CIFAR-10")
    arguments = parser.parse_args()
    if arguments.name != "digits" and arguments.data is None:
        parser.error(f"{arguments.name} needs --data")
    torch.set_num_threads(1)
    train, test = (
        digits_split()
        if arguments.name == "digits"
        else (parquet_split(arguments.data, "train"), parquet_split(arguments.data, "test"))
    )
    model = trained(arguments.name, train)
    weights = rounded(model)
    facts = {"test_accuracy": accuracy(model, test), "num_test": len(test.labels), "seed": SEED}
    store(arguments.name, weights, facts)
    print(facts)


if __name__ == "__main__":
    main()
