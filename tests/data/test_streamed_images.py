"""A streamed set gives what the set in memory gives, and lives with images that turn out damaged on the way."""

import os
import signal
import warnings

import numpy as np
import pytest
import torch
from PIL import Image

from equipoise.core.errors import DataWarning, UserError
from equipoise.data import InMemoryImages, StreamedImages

# Python 3.12 and later call every fork of a process with threads risky; torch's workers are forked all the same.
pytestmark = pytest.mark.filterwarnings("ignore:.*multi-threaded, use of fork:DeprecationWarning")

CPU = torch.device("cpu")


@pytest.fixture
def many(tmp_path):
    """Fifty noisy images, so that a truncated one cannot be decoded though its header can be read."""
    for k in range(50):
        values = np.random.default_rng(k).integers(0, 256, (16, 16), dtype=np.uint8)
        Image.fromarray(values).save(tmp_path / f"{k:02}.png")
    return tmp_path


def truncate(folder, *numbers):
    for number in numbers:
        file = folder / f"{number:02}.png"
        file.write_bytes(file.read_bytes()[:150])


def seeded(seed=0):
    return torch.Generator().manual_seed(seed)


@pytest.mark.parametrize("workers", [0, 2])
@pytest.mark.parametrize("kind", ["folder", "table"])
def test_streamed_batches_equal_those_in_memory(build, request, kind, workers):
    fields = {"source": kind, "path": str(request.getfixturevalue(kind)), "flip": True}
    held = build(**fields)
    streamed = build(**fields, memory_limit=0, workers=workers)
    assert isinstance(held, InMemoryImages)
    assert isinstance(streamed, StreamedImages)
    ours, theirs = streamed.batches(3, seeded(), CPU), held.batches(3, seeded(), CPU)
    for _ in range(10):
        one, other = next(ours), next(theirs)
        assert torch.equal(one.examples, other.examples)
        assert torch.equal(one.labels, other.labels)


def test_the_limit_is_in_mebibytes_of_pixels(build, many):
    for k in range(50):
        Image.new("L", (256, 256)).save(many / f"{k:02}.png")
    fields = {"source": "folder", "path": str(many), "workers": 0}
    assert isinstance(build(**fields, memory_limit=4), InMemoryImages)  # 50 x 256 x 256 bytes are 3.125 MiB
    assert isinstance(build(**fields, memory_limit=3), StreamedImages)
    assert isinstance(build(**fields, memory_limit=3, resolution=128, resize="crop"), InMemoryImages)
    assert isinstance(build(**fields, memory_limit=4, channels=3), StreamedImages)


def test_either_kind_takes_up_the_others_state(build, folder):
    fields = {"source": "folder", "path": str(folder), "flip": True}
    streamed = build(**fields, memory_limit=0, workers=0).batches(4, seeded(), CPU)
    for _ in range(3):
        next(streamed)
    held = build(**fields).batches(4, seeded(1), CPU)
    held.load_state_dict(streamed.state_dict())
    assert all(torch.equal(next(held).examples, next(streamed).examples) for _ in range(5))


@pytest.mark.parametrize("workers", [0, 2])
def test_a_damaged_image_gives_its_place_to_the_next(build, many, workers):
    fields = {"source": "folder", "path": str(many), "max_unreadable": 0.1}
    whole = {k: next(build(**fields).ordered(50, CPU)).examples[k] for k in (10, 22, 0)}
    source = build(**fields, memory_limit=0, workers=workers)
    truncate(many, 9, 20, 21, 49)
    order = next(InMemoryImages("", torch.arange(50, dtype=torch.uint8).view(50, 1, 1, 1)).batches(50, seeded(), CPU))
    place = {int((value + 1) * 127.5 + 0.5): row for row, value in enumerate(order.examples.flatten())}
    with pytest.warns(DataWarning, match="of 50 images cannot be read"):
        batch = next(source.batches(50, seeded(), CPU))
    for damaged, stand_in in ((9, 10), (20, 22), (21, 22), (49, 0)):
        assert torch.equal(batch.examples[place[damaged]], whole[stand_in])


def test_stand_ins_are_the_same_after_a_resume(build, many):
    fields = {"source": "folder", "path": str(many), "max_unreadable": 0.1, "memory_limit": 0, "workers": 0}
    sources = [build(**fields), build(**fields)]
    truncate(many, 3, 30)
    loader = sources[0].batches(20, seeded(), CPU)
    resumed = sources[1].batches(20, seeded(5), CPU)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DataWarning)
        next(loader)
        resumed.load_state_dict(loader.state_dict())
        assert all(torch.equal(next(resumed).examples, next(loader).examples) for _ in range(4))


def test_the_ordered_pass_leaves_damaged_images_out(build, many):
    source = build(source="folder", path=str(many), memory_limit=0, workers=0, max_unreadable=0.1)
    truncate(many, 9, 49)
    with pytest.warns(DataWarning):
        sizes = [len(batch.examples) for batch in source.ordered(20, CPU)]
    assert sizes == [19, 20, 9]


def test_warnings_thin_out(build, many):
    source = build(source="folder", path=str(many), memory_limit=0, workers=0, max_unreadable=0.5)
    truncate(many, *range(0, 40, 2))
    with pytest.warns(DataWarning) as caught:
        list(source.ordered(1, CPU))
    assert [int(str(warning.message).split()[0]) for warning in caught] == [1, 2, 4, 8, 16]


def refusal(loader):
    """What the loader says; no traceback is kept, since workers caught in one take five seconds to leave."""
    try:
        next(loader)
    except UserError as error:
        return str(error)
    return "nothing"


@pytest.mark.parametrize("workers", [0, 2])
def test_too_many_damaged_images_end_the_run_in_one_sentence(build, many, workers):
    source = build(source="folder", path=str(many), memory_limit=0, workers=workers, max_unreadable=0.1)
    truncate(many, *range(10, 20))
    loader = source.batches(50, seeded(), CPU)
    text = refusal(loader)
    assert "of 50 images cannot be read, more than data.max_unreadable (0.1) allows" in text
    assert "\n" not in text


def test_files_that_vanish_are_counted(build, many):
    source = build(source="folder", path=str(many), memory_limit=0, workers=0, max_unreadable=0.1)
    (many / "07.png").unlink()
    with pytest.warns(DataWarning, match=r"'07\.png' cannot be opened"):
        next(source.batches(50, seeded(), CPU))


def test_an_image_that_changes_its_size_is_counted(build, many):
    source = build(source="folder", path=str(many), memory_limit=0, workers=0, max_unreadable=0.1)
    Image.new("L", (9, 9)).save(many / "07.png")
    with pytest.warns(DataWarning, match=r"'07\.png' is 9 x 9 pixels"):
        next(source.batches(50, seeded(), CPU))


def test_headers_are_looked_over_before_the_start(build, many):
    (many / "07.png").write_bytes(b"no image")
    with pytest.warns(DataWarning, match="1 of 50"):
        source = build(source="folder", path=str(many), memory_limit=0, workers=0, max_unreadable=0.1)
    assert source.num_examples == 49
    assert len(next(source.batches(49, seeded(), CPU)).examples) == 49


def test_workers_outlive_ctrl_c(build, many):
    """Ctrl-C reaches every process of a terminal; the parent still needs batches to finish its step."""
    loader = build(source="folder", path=str(many), memory_limit=0, workers=1).batches(5, seeded(), CPU)
    next(loader)
    (worker,) = loader._running._workers
    os.kill(worker.pid, signal.SIGINT)
    for _ in range(25):
        next(loader)
    assert worker.is_alive()
