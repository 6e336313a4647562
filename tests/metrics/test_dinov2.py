"""DINOv2 through transformers, with a tiny random network: the published weights are 1.2 GB."""

import sys

import pytest
import torch
from safetensors.torch import save_file

from equipoise.core.errors import UserError
from equipoise.core.files import sha256_of_file
from equipoise.metrics import Dinov2Features
from equipoise.metrics.features import dinov2
from equipoise.metrics.features.download import WeightsFile

TINY = {"hidden_size": 32, "num_hidden_layers": 2, "num_attention_heads": 2, "mlp_ratio": 2, "image_size": 56}


def test_features_are_the_class_token_of_images_on_imagenets_scale(tiny_dinov2):
    features = Dinov2Features(model=tiny_dinov2)
    grey = torch.full((2, 1, 224, 224), 0.5)
    scaled = (torch.tensor([0.75, 0.75, 0.75]) - torch.tensor([0.485, 0.456, 0.406])) / torch.tensor(
        [0.229, 0.224, 0.225]
    )
    with torch.inference_mode():
        expected = tiny_dinov2(pixel_values=scaled[:, None, None].expand(2, 3, 224, 224)).pooler_output
    torch.testing.assert_close(features(grey), expected, rtol=1e-5, atol=1e-5)
    assert features.dimension == 32
    assert features.name == "dinov2-other"


def test_its_own_rule_is_the_clean_one(tiny_dinov2):
    assert Dinov2Features(model=tiny_dinov2).resize == "clean"


def test_a_published_file_is_loaded_and_checked(tiny_dinov2, tmp_path, monkeypatch):
    path = tmp_path / "weights" / "tiny.safetensors"
    path.parent.mkdir()
    save_file(tiny_dinov2.state_dict(), path)
    monkeypatch.setenv("EQUIPOISE_CACHE", str(tmp_path))
    file = WeightsFile("tiny.safetensors", "http://127.0.0.1:1/", sha256_of_file(path), path.stat().st_size)
    monkeypatch.setattr(dinov2, "PUBLISHED", file)
    monkeypatch.setattr(dinov2, "_SHAPE", TINY)
    features, images = Dinov2Features(), torch.linspace(-1, 1, 3 * 20 * 20).reshape(1, 3, 20, 20)
    assert (features.name, features.weights_hash) == ("dinov2", file.sha256)
    assert torch.equal(features(images), Dinov2Features(model=tiny_dinov2)(images))


def test_weights_that_are_not_all_there_are_refused(tiny_dinov2, tmp_path, monkeypatch):
    path = tmp_path / "weights" / "tiny.safetensors"
    path.parent.mkdir()
    save_file({name: value for name, value in tiny_dinov2.state_dict().items() if "layernorm" not in name}, path)
    monkeypatch.setenv("EQUIPOISE_CACHE", str(tmp_path))
    file = WeightsFile("tiny.safetensors", "http://127.0.0.1:1/", sha256_of_file(path), path.stat().st_size)
    monkeypatch.setattr(dinov2, "PUBLISHED", file)
    monkeypatch.setattr(dinov2, "_SHAPE", TINY)
    with pytest.raises(UserError, match="does not find all weights"):
        Dinov2Features()


def test_without_transformers_it_says_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "transformers", None)
    with pytest.raises(UserError, match=r"need the package transformers; pip install 'equipoise\[dinov2\]'"):
        Dinov2Features()


def test_without_the_weights_it_says_where_to_put_them(monkeypatch):
    pytest.importorskip("transformers")
    file = dinov2.PUBLISHED
    monkeypatch.setattr(dinov2, "PUBLISHED", WeightsFile(file.name, "http://127.0.0.1:1/", file.sha256, file.size))
    with pytest.raises(UserError, match=r"dinov2-large.safetensors \(1,217,522,888 bytes, SHA-256 399f.*put it at"):
        Dinov2Features()
