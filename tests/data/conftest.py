"""Small sets of images on disk, made afresh for each test that asks."""

import io

import numpy as np
import pytest
import torch
from PIL import Image

from equipoise.config.data import DataSettings
from equipoise.data import build_source

CPU = torch.device("cpu")


@pytest.fixture
def build():
    """`build_source` on the CPU, from the fields of the settings."""

    def make(split=None, on_progress=None, **fields):
        return build_source(DataSettings(**fields), CPU, split, on_progress)

    return make


@pytest.fixture
def pixels():
    """Random pixels (10, 8, 6, 3) uint8, none of which is the mirror image of another."""
    return np.random.default_rng(0).integers(0, 256, (10, 8, 6, 3), dtype=np.uint8)


@pytest.fixture
def png():
    """Encode an array as PNG bytes."""

    def encode(array):
        file = io.BytesIO()
        Image.fromarray(array).save(file, "png")
        return file.getvalue()

    return encode


@pytest.fixture
def folder(tmp_path, pixels):
    """A folder with the ten images in two classes: even ones in a, odd ones in b."""
    root = tmp_path / "photos"
    for k, image in enumerate(pixels):
        place = root / "ab"[k % 2]
        place.mkdir(parents=True, exist_ok=True)
        Image.fromarray(image).save(place / f"{k}.png")
    return root


@pytest.fixture
def table(tmp_path, pixels, png):
    """A folder with the ten images in the parquet layout of the hub: train in two shards, test of three rows."""
    datasets = pytest.importorskip("datasets")
    features = datasets.Features({"picture": datasets.Image(), "kind": datasets.ClassLabel(names=["even", "odd"])})
    root = tmp_path / "table"
    root.mkdir()

    def write(name, rows):
        columns = {
            "picture": [{"bytes": png(pixels[k]), "path": f"{k}.png"} for k in rows],
            "kind": [k % 2 for k in rows],
        }
        datasets.Dataset.from_dict(columns, features=features).to_parquet(root / name)

    write("train-00000-of-00002.parquet", range(6))
    write("train-00001-of-00002.parquet", range(6, 10))
    write("test-00000-of-00001.parquet", range(3))
    return root


LINES = [
    "It was a cold night .",
    "Who is there ?",
    "a line of more than twelve symbols",
    "naïve café",
    "twice",
    "twice more",
    "x",
    '" No , " said he .',
    "yes",
    "日本",
]


@pytest.fixture
def text(tmp_path):
    """A folder with ten different lines of training text and three of test text."""
    root = tmp_path / "text"
    root.mkdir()
    (root / "train.txt").write_text("\n".join(LINES) + "\n", encoding="utf-8")
    (root / "test.txt").write_text("Who is he ?\nno\nyes .\n", encoding="utf-8")
    return root
