"""Real data sets in the parquet layout of the hub, and the embedded digits against their source."""

import numpy as np
import pytest
import torch
from PIL import Image

CPU = torch.device("cpu")


@pytest.mark.parametrize(
    ("name", "split", "shape", "number"),
    [
        ("cifar10", "test", (3, 32, 32), 10_000),
        pytest.param("mnist", "train", (1, 28, 28), 60_000, marks=pytest.mark.slow),
        pytest.param("cifar10", "train", (3, 32, 32), 50_000, marks=pytest.mark.slow),
    ],
)
def test_known_sets_have_their_known_form(build, shared_data, name, split, shape, number):
    source = build(split, source="table", path=str(shared_data(name)))
    assert (source.example_shape, source.num_examples) == (shape, number)
    labels = torch.cat([batch.labels for batch in source.ordered(10_000, CPU)])
    assert labels.unique().tolist() == list(range(10))
    if name == "cifar10":
        assert torch.bincount(labels).tolist() == [number // 10] * 10


def test_mnist_is_white_on_black_with_the_published_mean(build, shared_data):
    source = build("test", source="table", path=str(shared_data("mnist")))
    (batch,) = source.ordered(10_000, CPU)
    assert float((batch.examples.double().mean() + 1) / 2) == pytest.approx(0.1325, abs=5e-4)


def test_photographs_of_two_orientations_need_resizing(build, shared_data):
    path = str(shared_data("bsds500"))
    with pytest.raises(ValueError, match=r"'row \d+.*' is \d+ x \d+ pixels, but 'row 0.*' is .*; set data\.resolution"):
        build(source="table", path=path)
    source = build(source="table", path=path, resolution=32, resize="crop")
    assert (source.example_shape, source.num_examples) == ((3, 32, 32), 200)


def test_streamed_mnist_equals_mnist_in_memory(build, shared_data):
    fields = {"source": "table", "path": str(shared_data("mnist")), "split": "test", "flip": True}
    ours = build(**fields, memory_limit=0, workers=0).batches(64, torch.Generator().manual_seed(3), CPU)
    theirs = build(**fields).batches(64, torch.Generator().manual_seed(3), CPU)
    assert all(torch.equal(next(ours).examples, next(theirs).examples) for _ in range(160))  # past the first epoch


def test_digits_are_those_of_scikit_learn(build):
    from sklearn.datasets import load_digits

    digits = load_digits()
    batch = next(build().ordered(2000, CPU))
    levels = (batch.examples.squeeze(1) + 1) * 8
    assert np.abs(levels.numpy() - digits.images).max() <= 0.5 * 16 / 255 + 1e-5
    assert batch.labels.tolist() == digits.target.tolist()


def test_large_images_are_decoded_in_parallel_and_in_order(build, tmp_path):
    for k in range(130):
        Image.new("L", (64, 64), k).save(tmp_path / f"{k:03}.png")
    for workers in (0, 4):
        source = build(source="folder", path=str(tmp_path), workers=workers)
        (batch,) = source.ordered(130, CPU)
        assert torch.equal(((batch.examples[:, 0, 0, 0] + 1) * 127.5).round().int(), torch.arange(130).int())
