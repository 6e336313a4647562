"""A walk gives the images of a source, in constant memory, whatever their sizes, and a key of their content."""

import numpy as np
import pytest
import torch
from PIL import Image

from equipoise.core.errors import DataWarning, UserError
from equipoise.data.folder import FolderRecords
from equipoise.data.walk import ImageWalk


def walk(folder, **fields):
    return ImageWalk(FolderRecords(str(folder)), fields.pop("channels", 3), **fields)


@pytest.mark.parametrize("batch_size", [1, 3, 10, 100])
def test_the_images_of_the_source_in_order(build, folder, batch_size):
    expected = next(build(source="folder", path=str(folder)).ordered(20, torch.device("cpu"))).examples
    assert torch.equal(torch.cat(list(walk(folder).batches(batch_size))), expected)


def test_chosen_images_alone(folder):
    every = torch.cat(list(walk(folder).batches(10)))
    assert torch.equal(torch.cat(list(walk(folder).batches(2, indices=[1, 4, 9]))), every[[1, 4, 9]])


def test_images_keep_their_sizes(tmp_path):
    for k, size in enumerate([(8, 6), (8, 6), (5, 5), (8, 6)]):
        Image.new("RGB", size, (k, k, k)).save(tmp_path / f"{k}.png")
    shapes = [tuple(batch.shape) for batch in walk(tmp_path).batches(10)]
    assert shapes == [(3, 3, 6, 8), (1, 3, 5, 5)]
    shapes = [tuple(batch.shape) for batch in walk(tmp_path, size=(4, 4)).batches(10)]
    assert shapes == [(4, 3, 4, 4)]


def test_a_few_unreadable_images_are_counted(folder):
    (folder / "a" / "broken.png").write_bytes(b"nothing")
    with pytest.warns(DataWarning, match=r"1 of 11 images .*broken.png"):
        assert sum(len(batch) for batch in walk(folder, max_unreadable=0.1).batches(4)) == 10


def test_more_unreadable_images_are_refused(folder):
    (folder / "a" / "broken.png").write_bytes(b"nothing")
    with pytest.raises(UserError, match=r"more than max-unreadable \(0.01\)"):
        list(walk(folder).batches(4))


def test_progress_reaches_the_end(folder):
    seen = []
    list(walk(folder).batches(4, on_progress=lambda done, total: seen.append((done, total))))
    assert seen == [(4, 10), (8, 10), (10, 10)]


def test_the_key_is_of_content_and_not_of_names(folder):
    before = walk(folder).fingerprint()
    (folder / "a" / "0.png").rename(folder / "a" / "00.png")
    assert walk(folder).fingerprint() == before
    assert walk(folder, channels=1).fingerprint() != before
    assert walk(folder, size=(4, 4)).fingerprint() != before
    assert walk(folder).fingerprint(indices=[0, 1]) != before


def test_the_key_sees_what_sizes_and_times_do_not_show(tmp_path):
    import os

    keys = []
    for level in (10, 20):
        path = tmp_path / "1.bmp"
        Image.fromarray(np.full((4, 4, 3), level, np.uint8)).save(path)
        os.utime(path, (0, 0))
        keys.append(walk(tmp_path).fingerprint())
    assert keys[0] != keys[1]
