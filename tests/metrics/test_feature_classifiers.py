"""The stored classifiers: which files they are, the accuracy written in them, and what their features can tell."""

import importlib.util
import io
import json
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from safetensors import safe_open

from equipoise.core.errors import UserError
from equipoise.metrics import ClassifierNetwork, Moments, build_features, class_coverage, frechet_distance
from equipoise.metrics.features.classifier import WEIGHTS
from equipoise.metrics.features.network import full_precision

SCRIPT = Path(__file__).resolve().parents[2] / "scripts" / "train_feature_networks.py"


@pytest.fixture(scope="module")
def digits_split():
    """Training and test images of the digits classifier, as the script that trained it divides them."""
    spec = importlib.util.spec_from_file_location("train_feature_networks", SCRIPT)
    script = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(script)
    return script.digits_split()


@pytest.fixture(scope="module")
def digits(digits_split):
    return torch.cat([part.images for part in digits_split]), torch.cat([part.labels for part in digits_split])


@pytest.fixture(scope="module")
def network():
    return build_features("digits")


def first_test_images(folder):
    """The first 2,000 test images in a folder of parquet files, with their classes."""
    from pyarrow import parquet

    table = parquet.read_table(folder / "test-00000-of-00001.parquet").slice(0, 2000)
    image, label = table.column_names
    pixels = np.stack([np.asarray(Image.open(io.BytesIO(each["bytes"]))) for each in table[image].to_pylist()])
    images = torch.from_numpy(pixels.reshape(*pixels.shape[:3], -1)).permute(0, 3, 1, 2) / 127.5 - 1
    return images, torch.tensor(table[label].to_pylist())


def facts(name):
    with safe_open(WEIGHTS / f"{name}.safetensors", "pt") as file:
        return json.loads(file.metadata()["facts"])


def distance(network, examples, reference):
    return frechet_distance(*(Moments.from_features(network(each)) for each in (examples, reference)))


# A new hash means that no number measured before can be compared with any measured after: say so in the change's notes.
@pytest.mark.parametrize(
    ("name", "sha256", "kibibytes"),
    [
        ("digits", "bf7ec3026f41beff09d0b37f911e8cb3aa43bdb85caadd3b0b0ff5d8cb858503", 300),
        ("mnist", "8a5632fa8d5730eacb5b8713836409e78a5413a1871f91ee05df4968bc144484", 300),
        ("cifar10", "1e7847947ebcf7663879ce3add8e011f54b534468332c3f3709b0d6e9a15f553", 500),
    ],
)
def test_the_weights_are_these_files(name, sha256, kibibytes):
    assert build_features(name).weights_hash == sha256
    assert (WEIGHTS / f"{name}.safetensors").stat().st_size < kibibytes * 1024


def test_digits_reach_the_accuracy_written_in_the_file(network, digits_split):
    test = digits_split[1]
    accuracy = (network.classify(test.images).argmax(dim=1) == test.labels).double().mean().item()
    assert len(test.labels) == facts("digits")["num_test"] == 360
    assert accuracy == pytest.approx(facts("digits")["test_accuracy"], abs=1e-4)
    assert accuracy >= 0.985


# MNIST's first 2,000 test images are slightly harder than the rest; for CIFAR-10 the sampling error is 0.009.
@pytest.mark.parametrize(("name", "least", "tolerance"), [("mnist", 0.992, 0.004), ("cifar10", 0.83, 0.02)])
def test_real_data_reach_the_accuracy_written_in_the_file(name, least, tolerance, shared_data):
    images, labels = first_test_images(shared_data(name))
    accuracy = (build_features(name).classify(images).argmax(dim=1) == labels).double().mean().item()
    assert facts(name)["test_accuracy"] >= least
    assert accuracy == pytest.approx(facts(name)["test_accuracy"], abs=tolerance)


def test_photographs_blurred_or_shown_twice_are_far_outside_sampling_error(shared_data):
    network = build_features("cifar10")
    images, labels = first_test_images(shared_data("cifar10"))
    assert np.diag(Moments.from_features(network(images)).covariance).min() > 0.1
    halves = distance(network, images[:1000], images[1000:])
    blurred = torch.nn.functional.avg_pool2d(images, 3, stride=1, padding=1, count_include_pad=False)
    assert distance(network, blurred, images) > 4 * halves
    three_a_class = torch.cat([images[labels == number][:3].repeat(60, 1, 1, 1) for number in range(10)])
    assert distance(network, three_a_class, images) > 10 * halves


def test_every_feature_is_alive(network, digits):
    moments = Moments.from_features(network(digits[0]))
    assert np.diag(moments.covariance).min() > 0.1
    assert moments.cholesky is not None


def test_classes_are_counted_by_the_classifier(network, digits):
    images, labels = digits
    assert isinstance(network, ClassifierNetwork)
    without_nines = class_coverage(network.classify(images[labels != 9]))
    assert (without_nines.num_found, without_nines.num_modes) == (9, 10)
    assert class_coverage(network.classify(images)).counts == tuple(torch.bincount(labels).tolist())


def test_distance_grows_with_noise(network, digits):
    images = digits[0]
    noise = torch.randn(images.shape, generator=torch.Generator().manual_seed(0))
    levels = [distance(network, (images + level * noise).clamp(-1, 1), images) for level in (0, 0.1, 0.2, 0.4, 0.8)]
    assert levels == sorted(levels)
    assert levels[0] < 1e-10
    assert levels[-1] > 10


def test_collapse_within_classes_is_far_outside_sampling_error(network, digits):
    images, labels = digits
    order = torch.randperm(len(images), generator=torch.Generator().manual_seed(0))
    halves = distance(network, images[order[:898]], images[order[898:]])
    three_a_class = torch.cat([images[labels == digit][:3].repeat(60, 1, 1, 1) for digit in range(10)])
    assert halves < 1.5
    assert distance(network, three_a_class, images) > 5 * halves


def test_pixels_out_of_range_are_refused(network):
    with pytest.raises(UserError, match=r"Examples in \[0, 255\] were given"):
        network(torch.tensor([0.0, 255.0]).repeat(32).view(1, 1, 8, 8))
    with pytest.raises(UserError, match=r"type torch.uint8"):
        network(torch.zeros(1, 1, 8, 8, dtype=torch.uint8))


def test_the_precision_switches_are_put_back():
    conv = getattr(torch.backends.cudnn, "conv", None) or pytest.skip("torch before 2.9 has one switch for all")
    before = conv.fp32_precision
    with full_precision(torch.device("cpu")):
        assert conv.fp32_precision == "ieee"
    assert conv.fp32_precision == before
