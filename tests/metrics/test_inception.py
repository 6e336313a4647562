"""The FID network: the rearranged against the plain one, both against the peers, and what its features promise."""

from pathlib import Path

import numpy as np
import pytest
import torch

from equipoise.core.errors import UserError
from equipoise.metrics import ClassifierNetwork, InceptionFeatures, Protocol
from equipoise.metrics.features import inception as module
from equipoise.metrics.features.download import WeightsFile
from equipoise.metrics.features.inception_fast import fast, folded
from equipoise.metrics.features.inception_network import inception

RECORDED = Path(__file__).parent / "data" / "inception_peers.npz"
EVERY = 4
"""Every fourth feature and logit was recorded, see scripts/record_inception_peers.py."""


def noise(count, size, seed=1):
    """Images in [-1, 1] of squares of two pixels, in whole grey levels."""
    generator = torch.Generator().manual_seed(seed)
    coarse = torch.randint(0, 256, (count, 3, size // 2, size // 2), generator=generator)
    return coarse.repeat_interleave(2, dim=2).repeat_interleave(2, dim=3) / 127.5 - 1


def relative(a, b):
    """Largest difference, relative to the largest entry."""
    return ((a.double() - b.double()).abs().max() / b.double().abs().max()).item()


@pytest.fixture(scope="module")
def features(inception_weights):
    return InceptionFeatures(weights=inception_weights)


@pytest.fixture(scope="module")
def recorded():
    with np.load(RECORDED) as file:
        return {name: torch.from_numpy(file[name]) for name in file.files}


def test_rearranging_changes_nothing_in_exact_arithmetic(inception_weights):
    # At 139 pixels the mean and the maximum poolings see edges as at 299, and float64 is affordable.
    images = noise(2, 138).double()
    plain, rearranged = inception(inception_weights).double(), fast(inception(inception_weights).double())
    with torch.inference_mode():
        assert relative(rearranged(images), plain(images)) < 1e-12


def test_folding_alone_changes_nothing(inception_weights):
    images = noise(1, 138)
    plain, rearranged = inception(inception_weights), inception(inception_weights)
    folded(rearranged)
    with torch.inference_mode():
        assert relative(rearranged(images), plain(images)) < 1e-4


def test_features_are_those_of_the_plain_network(features, inception_weights):
    images = noise(3, 298)
    padded = torch.nn.functional.pad(images, (0, 1, 0, 1))
    with torch.inference_mode():
        expected = inception(inception_weights)((padded + 1) * (127.5 / 128) - 1)
    assert relative(features(padded), expected) < 1e-4


def test_the_weights_given_are_left_as_they_are(inception_weights):
    before = {name: value.clone() for name, value in inception_weights.items()}
    InceptionFeatures(weights=inception_weights)
    assert all(torch.equal(inception_weights[name], value) for name, value in before.items())
    assert not any(value.requires_grad for value in inception_weights.values())


def test_the_features_of_torch_fidelity(features, recorded):
    images = recorded["pixels"] / 127.5 - 1
    assert relative(features(images)[:, ::EVERY], recorded["torch_fidelity"]) < 1e-4
    assert relative(features.classify(images)[:, ::EVERY], recorded["torch_fidelity_logits_unbiased"]) < 1e-4


def test_the_features_of_pytorch_fid(inception_weights, recorded):
    features = InceptionFeatures(weights=inception_weights, resize="pytorch-fid")
    assert relative(features(recorded["pixels"] / 127.5 - 1)[:, ::EVERY], recorded["pytorch_fid"]) < 1e-4


def test_the_peers_differ_by_their_resize_rules(recorded):
    assert relative(recorded["torch_fidelity"], recorded["pytorch_fid"]) > 1e-2


def test_classes_and_their_logits(features):
    images = noise(2, 40)
    assert isinstance(features, ClassifierNetwork)
    assert features.classify(images).shape == (2, 1008)
    assert torch.equal(features.logits(features(images)), features.classify(images))


def test_grey_images_are_three_equal_channels(features):
    grey = noise(2, 40)[:, :1]
    assert torch.equal(features(grey), features(grey.expand(-1, 3, -1, -1)))


@pytest.mark.parametrize("wrong", [torch.zeros(2, 2, 8, 8), torch.zeros(3, 8, 8), torch.zeros(2, 3, 0, 8)])
def test_what_is_no_image_is_refused(features, wrong):
    with pytest.raises(UserError, match="take images"):
        features(wrong)


@pytest.mark.parametrize("wrong", [torch.zeros(1, 3, 8, 8, dtype=torch.uint8), torch.full((1, 3, 8, 8), 255.0)])
def test_another_range_is_refused(features, wrong):
    with pytest.raises(UserError, match=r"in \[-1, 1\]|take \[-1, 1\]"):
        features(wrong)


def test_lower_precision_is_near_and_is_another_protocol(features, inception_weights):
    images = noise(2, 64)
    coarse = InceptionFeatures(weights=inception_weights, precision="bfloat16")
    result, exact = coarse(images), features(images)
    assert result.dtype == torch.float32
    assert 1e-4 < ((result - exact).norm() / exact.norm()).item() < 0.3
    with pytest.raises(UserError, match="the precision 'bfloat16' on one side and 'float32'"):
        Protocol.of(coarse).require_comparable(Protocol.of(features))


def test_other_rules_are_another_protocol(features, inception_weights):
    clean = InceptionFeatures(weights=inception_weights, resize="clean")
    with pytest.raises(UserError, match="the resize rule 'clean' on one side and 'tf1'"):
        Protocol.of(clean).require_comparable(Protocol.of(features))


def test_only_the_published_weights_are_called_inception(features):
    assert features.name == "inception-other"


def test_a_whole_copy_of_the_published_file_is_inception(inception_weights, tmp_path, monkeypatch, features):
    path = tmp_path / "weights.pth"
    torch.save(inception_weights, path)
    with pytest.raises(UserError, match="instead of 6726825d0af5"):
        InceptionFeatures(weights=path)
    sha256 = module.sha256_of_file(path)
    monkeypatch.setattr(module, "PUBLISHED", WeightsFile("w.pth", "http://localhost", sha256, path.stat().st_size))
    from_path = InceptionFeatures(weights=path)
    assert (from_path.name, from_path.weights_hash) == ("inception", sha256)
    images = noise(1, 32)
    assert torch.equal(from_path(images), features(images))


def test_a_missing_file_is_said_in_a_sentence(tmp_path):
    with pytest.raises(UserError, match="No such file"):
        InceptionFeatures(weights=tmp_path / "none.pth")


def test_a_file_that_is_no_state_dict_is_refused(tmp_path, monkeypatch):
    path = tmp_path / "weights.pth"
    path.write_bytes(b"not a file of weights")
    published = WeightsFile("w.pth", "http://localhost", module.sha256_of_file(path), 21)
    monkeypatch.setattr(module, "PUBLISHED", published)
    with pytest.raises(UserError, match="cannot be read as a file of weights"):
        InceptionFeatures(weights=path)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"fc.bias": None}, "fc.bias"),
        ({"Mixed_5b.branch1x1.conv.weight": torch.zeros(1)}, "Mixed_5b.branch1x1.conv.weight"),
        ({"AuxLogits.fc.bias": torch.zeros(1)}, "AuxLogits.fc.bias"),
    ],
)
def test_other_weights_are_refused(inception_weights, change, message):
    state = {name: value for name, value in {**inception_weights, **change}.items() if value is not None}
    with pytest.raises(UserError, match=f"not the weights of the FID Inception network.*{message}"):
        InceptionFeatures(weights=state)


def test_unknown_precision(inception_weights):
    with pytest.raises(UserError, match="did you mean 'bfloat16'"):
        InceptionFeatures(weights=inception_weights, precision="bfloat")
