"""What every source promises, whatever it holds and wherever it keeps it."""

from typing import get_args

import pytest
import torch

from equipoise.config.data import SourceName
from equipoise.core.errors import UserError
from equipoise.data import SOURCES, InMemoryImages

# Python 3.12 and later call every fork of a process with threads risky; torch's workers are forked all the same.
pytestmark = pytest.mark.filterwarnings("ignore:.*multi-threaded, use of fork:DeprecationWarning")

CPU = torch.device("cpu")
POINTS = ("ring", "grid", "moons")
IMAGES = (
    "digits",
    "digits flipped",
    "tensor",
    "folder",
    "folder streamed",
    "folder workers",
    "table",
    "table streamed",
    "digits textured",
    "table textured",
    "table textured-streamed",
)
TEXTS = ("text", "text mapped", "text bytes")


@pytest.fixture
def make(build, request):
    """Build a source by its name in the lists above."""

    def source(name):
        kind, _, variant = name.partition(" ")
        if kind == "tensor":
            pixels = torch.arange(2 * 3 * 12, dtype=torch.uint8).repeat(7, 1).view(7, 2, 3, 12)
            return InMemoryImages("tensor", pixels + torch.arange(7, dtype=torch.uint8).view(7, 1, 1, 1), flip=True)
        fields = {"flip": True} if variant == "flipped" else {}
        if variant.startswith("textured"):
            fields |= {"texture": "smooth", "texture_strength": 0.5}
        if kind == "text":
            fields = {"path": str(request.getfixturevalue("text")), "length": 12}
            fields |= {"mapped": {"memory_limit": 0}, "bytes": {"units": "bytes"}}.get(variant, {})
        if kind in ("folder", "table"):
            fields |= {"path": str(request.getfixturevalue(kind)), "flip": True}
        if variant in ("streamed", "workers", "textured-streamed"):
            fields |= {"memory_limit": 0, "workers": 2 if variant == "workers" else 0}
        return build(source=kind, **fields)

    return source


@pytest.fixture(params=IMAGES)
def images(request, make):
    return make(request.param)


@pytest.fixture(params=(*IMAGES, "moons", *TEXTS))
def finite(request, make):
    return make(request.param)


@pytest.fixture(params=IMAGES + POINTS + TEXTS)
def source(request, make):
    return make(request.param)


def seeded(seed=0):
    return torch.Generator().manual_seed(seed)


def take(loader, count):
    return [next(loader) for _ in range(count)]


def assert_same(ours, theirs):
    assert len(ours) == len(theirs)
    for one, other in zip(ours, theirs, strict=True):
        assert torch.equal(one.examples, other.examples)
        assert (one.labels is None and other.labels is None) or torch.equal(one.labels, other.labels)


def as_set(examples):
    return sorted(example.numpy().tobytes() for example in examples)


def test_registry_holds_what_settings_can_name():
    assert set(SOURCES) == set(get_args(SourceName))


def test_batches_have_the_promised_form(source):
    for batch in take(source.batches(3, seeded(), CPU), 5):
        assert batch.examples.shape == (3, *source.example_shape)
        assert batch.examples.dtype == torch.float32
        assert batch.examples.is_contiguous()
        if batch.labels is not None:
            assert batch.labels.shape == (3,)
            assert batch.labels.dtype == torch.int64


def test_images_span_the_unit_range(images):
    examples = torch.cat([batch.examples for batch in images.ordered(100, CPU)])
    assert examples.min() >= -1
    assert examples.max() <= 1
    assert examples.min() < examples.max()


def test_one_seed_one_order(source):
    assert_same(take(source.batches(3, seeded(), CPU), 8), take(source.batches(3, seeded(), CPU), 8))
    other = take(source.batches(3, seeded(1), CPU), 8)
    assert not torch.equal(other[0].examples, next(source.batches(3, seeded(), CPU)).examples)


def test_batches_go_where_the_generator_draws(source):
    assert_same(take(source.batches(3, seeded()), 2), take(source.batches(3, seeded(), CPU), 2))


def test_global_randomness_is_left_alone(source):
    before = torch.get_rng_state()
    take(source.batches(3, seeded(), CPU), 5)
    assert torch.equal(torch.get_rng_state(), before)


@pytest.mark.parametrize("taken", [0, 1, 2, 3, 4, 7])
def test_restored_loader_continues_bit_for_bit(source, taken):
    """A small set has 2 or 3 batches an epoch: these are points at its start, within it, at its end and past it."""
    loader = source.batches(3, seeded(), CPU)
    take(loader, taken)
    state = loader.state_dict()
    expected = take(loader, 6)
    resumed = source.batches(3, seeded(99), CPU)
    next(resumed)
    resumed.load_state_dict(state)
    assert_same(take(resumed, 6), expected)


def test_state_is_not_changed_by_later_batches(source):
    loader = source.batches(3, seeded(), CPU)
    state = loader.state_dict()
    first = take(loader, 6)
    loader.load_state_dict(state)
    assert_same(take(loader, 6), first)


def test_channels_last_changes_the_layout_alone(images):
    plain = take(images.batches(3, seeded(), CPU), 4)
    last = take(images.batches(3, seeded(), CPU, memory_format=torch.channels_last), 4)
    assert_same(plain, last)
    assert all(batch.examples.is_contiguous(memory_format=torch.channels_last) for batch in last)
    assert_same(take(images.batches(3, seeded(), CPU), 4), plain)


def test_ordered_gives_every_example_once(finite):
    batches = list(finite.ordered(4, CPU))
    assert sum(len(batch.examples) for batch in batches) == finite.num_examples
    assert all(len(batch.examples) == 4 for batch in batches[:-1])
    assert_same(list(finite.ordered(4, CPU)), batches)
    whole = torch.cat([batch.examples for batch in finite.ordered(1000, CPU)])
    assert torch.equal(torch.cat([batch.examples for batch in batches]), whole)


def test_an_epoch_gives_every_example_once(finite):
    size = {1797: 599, 2000: 500}.get(finite.num_examples, 1)
    finite.flip = False
    loader = finite.batches(size, seeded(), CPU)
    ordered = as_set(torch.cat([batch.examples for batch in finite.ordered(100, CPU)]))
    epochs = [torch.cat([b.examples for b in take(loader, finite.num_examples // size)]) for _ in range(2)]
    assert as_set(epochs[0]) == as_set(epochs[1]) == ordered
    assert not torch.equal(epochs[0], epochs[1])


def test_the_remainder_of_an_epoch_is_dropped(finite):
    size = finite.num_examples - 1
    finite.flip = False
    for batch in take(finite.batches(size, seeded(), CPU), 3):
        assert len(set(as_set(batch.examples))) <= size == len(batch.examples)


def test_flips_mirror_about_half_and_nothing_else(images):
    size = images.num_examples
    images.flip = False
    plain = next(images.batches(size, seeded(), CPU)).examples
    images.flip = True
    flipped = next(
        images.batches(size, seeded(), CPU)
    ).examples  # the same permutation, which is drawn before the coins
    same = (flipped == plain).flatten(1).all(1)
    mirrored = (flipped == plain.flip(-1)).flatten(1).all(1)
    assert (same | mirrored).all()
    assert abs(mirrored.sum() - size / 2) < 2 * size**0.5
    assert 0 < mirrored.sum() < size


def test_labels_follow_their_images(images):
    images.flip = False
    examples, labels = next(images.ordered(2000, CPU))
    if labels is None:
        assert next(images.batches(5, seeded(), CPU)).labels is None
        return
    pairs = {example.numpy().tobytes(): int(label) for example, label in zip(examples, labels, strict=True)}
    for batch in take(images.batches(5, seeded(), CPU), 4):
        assert [pairs[example.numpy().tobytes()] for example in batch.examples] == batch.labels.tolist()


def test_fingerprint_is_stable(make):
    for name in IMAGES + POINTS + TEXTS:
        assert make(name).fingerprint() == make(name).fingerprint(), name


def test_fingerprint_survives_a_change_of_layout(images):
    before = images.fingerprint()
    next(images.batches(2, seeded(), CPU, memory_format=torch.channels_last))
    assert images.fingerprint() == before


def test_fingerprints_of_different_content_differ(build, make):
    prints = [
        make(name).fingerprint()
        for name in ("digits", "tensor", "folder", "folder streamed", "table streamed", *POINTS, "text", "text bytes")
    ]
    prints += [make(f"{name} textured").fingerprint() for name in ("digits", "table")]
    prints += [make("table textured-streamed").fingerprint()]
    prints += [build(source="ring", std=0.1).fingerprint()]
    assert len(set(prints)) == len(prints)


def test_batch_larger_than_the_set_is_one_sentence(build):
    with pytest.raises(
        UserError, match=r"training.batch_size is 5000, .* 1797 examples to train on; choose at most 1797\."
    ):
        build().batches(5000, seeded(), CPU)


def test_state_of_another_batch_size_is_refused(finite):
    state = finite.batches(2, seeded(), CPU).state_dict()
    other = finite.batches(3, seeded(), CPU)
    with pytest.raises(UserError, match="same data and batch"):
        other.load_state_dict(state)


def test_text_is_one_hot(make):
    for name in TEXTS:
        examples = next(make(name).batches(4, seeded(), CPU)).examples
        assert ((examples == 0) | (examples == 1)).all()
        assert torch.equal(examples.sum(1), torch.ones(4, 12))


def test_text_mapped_from_a_file_is_the_text_in_memory(make):
    one, other = make("text"), make("text mapped")
    assert one.fingerprint() == other.fingerprint()
    assert_same(take(one.batches(3, seeded(), CPU), 7), take(other.batches(3, seeded(), CPU), 7))


def test_only_tables_and_text_have_splits(build):
    for name in ("digits", "ring", "grid", "moons", "folder"):
        with pytest.raises(UserError, match=f"'{name}' has no splits, so 'test' cannot be taken"):
            build("test", source=name)
    assert build("train").num_examples == 1797
