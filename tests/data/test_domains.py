"""Pairs of domains: what training may see, how they are divided, and which pairs are refused."""

import gc

import pytest
import torch
from PIL import Image

from equipoise.config import DataSettings, DivisionSettings
from equipoise.core.errors import UserError
from equipoise.data import (
    InMemoryImages,
    build_domains,
    build_domains_and_labels,
    build_parts,
    build_source,
    require_same_shape,
    unlabelled,
)

CPU = torch.device("cpu")
DIGITS = DataSettings(resolution=16, channels=3)
TEXTURED = DataSettings(resolution=16, texture="smooth")
MOONS = DataSettings(source="moons")


def table_of(path, **fields):
    return DataSettings(source="table", path=str(path), **fields)


def examples_of(source):
    return torch.cat([batch.examples for batch in source.ordered(512, CPU)])


def as_set(source):
    return {example.numpy().tobytes() for example in examples_of(source)}


PAIRS = {
    "digits": (DIGITS, TEXTURED),
    "moons": (MOONS, DataSettings(source="moons", rotation=35.0)),
}


@pytest.fixture(params=[*PAIRS, "tables", "tables streamed", "folders"])
def pair(request):
    if request.param in PAIRS:
        return PAIRS[request.param]
    name, _, streamed = request.param.partition(" ")
    path = request.getfixturevalue(name.removesuffix("s"))
    fields = {"source": name.removesuffix("s"), "path": str(path)}
    if streamed:
        fields |= {"memory_limit": 0, "workers": 0}
    return DataSettings(**fields), DataSettings(**fields, texture="smooth")


def test_the_labels_of_the_target_come_apart_and_belong_to_the_same_examples(pair):
    domains, withheld = build_domains_and_labels(*pair, CPU)
    assert all(part.labels is None for part in domains.target)
    for seen, labelled, alone in zip(domains.target, withheld, build_parts(pair[1], CPU), strict=True):
        assert torch.equal(labelled.labels, alone.labels)
        for one, other in zip(seen.ordered(64, CPU), labelled.ordered(64, CPU), strict=True):
            assert torch.equal(one.examples, other.examples)


def test_a_mistake_about_the_target_names_its_own_settings(folder):
    ours = DataSettings(source="folder", path=str(folder))
    with pytest.raises(UserError, match=r"^target\.path is not given"):
        build_domains(ours, DataSettings(source="folder"), CPU)
    with pytest.raises(UserError, match=r"^data\.path is not given"):
        build_domains(DataSettings(source="folder"), ours, CPU)


def test_no_batch_of_the_target_has_labels(pair):
    target = build_domains(*pair, CPU).target
    for part in target:
        assert part.labels is None
        loader = part.batches(1, torch.Generator().manual_seed(0), CPU)
        assert all(next(loader).labels is None for _ in range(5))
        assert all(batch.labels is None for batch in part.ordered(7, CPU))


def reachable(root):
    """Every object that can be reached from ``root`` by references, modules and classes left out."""
    seen, waiting = {}, [root]
    while waiting:
        each = waiting.pop()
        if id(each) not in seen and not isinstance(each, type(torch) | type):
            seen[id(each)] = each
            waiting.extend(gc.get_referents(each))
    return list(seen.values())


@pytest.mark.parametrize("name", PAIRS)
def test_no_labels_can_be_reached_from_the_target(name):
    """Not even through private attributes: no whole number of the set's labels is held by anything in there."""
    domains = build_domains(*PAIRS[name], CPU)
    tensors = [each for each in reachable(domains.target) if isinstance(each, torch.Tensor)]
    assert tensors
    assert not [each for each in tensors if each.dtype == torch.int64]
    labelled = [each for each in reachable(domains.source) if isinstance(each, torch.Tensor)]
    assert sum(each.dtype == torch.int64 for each in labelled) == 3


def test_records_of_a_streamed_target_have_no_labels(table):
    settings = table_of(table, memory_limit=0, workers=0)
    target = build_domains(settings, settings, CPU).target
    records = [part._reader.records for part in target]
    assert all(each.labels is None and each.classes is None for each in records)
    assert all(each._dataset.column_names == ["picture"] for each in records)
    assert build_parts(settings, CPU).train.labels is not None


def test_the_source_keeps_its_labels(pair):
    domains = build_domains(*pair, CPU)
    for part in domains.source:
        batch = next(part.batches(1, torch.Generator().manual_seed(0), CPU))
        assert batch.labels.dtype == torch.int64
        assert 0 <= int(batch.labels) < domains.num_classes


def test_parts_are_disjoint_and_whole(pair):
    for settings in pair:
        parts = build_parts(settings, CPU)
        sets = [as_set(part) for part in parts]
        assert [part.num_examples for part in parts] == [len(each) for each in sets]
        whole = as_set(build_source(settings, CPU))
        assert set.union(*sets) == whole
        assert sum(map(len, sets)) == len(whole)


def test_labels_follow_their_examples_into_the_parts(pair):
    known = {}
    for batch in build_source(pair[0], CPU).ordered(512, CPU):
        known |= {x.numpy().tobytes(): int(y) for x, y in zip(batch.examples, batch.labels, strict=True)}
    for part in build_parts(pair[0], CPU):
        (batch,) = part.ordered(10**6, CPU)
        assert [known[x.numpy().tobytes()] for x in batch.examples] == batch.labels.tolist() == part.labels.tolist()


def test_the_images_that_a_target_was_made_of_are_divided_as_it_is():
    """Otherwise a digit of the target's test would be trained on, without its texture but with its label."""
    ours, theirs = build_parts(DIGITS, CPU), build_parts(TEXTURED, CPU)
    for one, other in zip(ours, theirs, strict=True):
        assert torch.equal(one.labels, other.labels)
        assert one.num_examples == other.num_examples


def test_sizes_and_seeds_of_the_division():
    parts = build_parts(MOONS, CPU, DivisionSettings(held_out=0.5))
    assert [part.num_examples for part in parts] == [1000, 500, 500]
    odd = build_parts(DataSettings(source="moons", num_points=15), CPU)
    assert [part.num_examples for part in odd] == [12, 2, 1]
    again, other = (build_parts(MOONS, CPU, DivisionSettings(held_out=0.5, seed=seed)) for seed in (0, 1))
    assert torch.equal(examples_of(again.test), examples_of(parts.test))
    assert as_set(other.test) != as_set(parts.test)


def test_a_test_split_leaves_the_training_split_whole(table):
    parts = build_parts(table_of(table), CPU, DivisionSettings(test_split="test"))
    assert [part.num_examples for part in parts] == [10, 2, 1]
    assert as_set(parts.validation) | as_set(parts.test) == as_set(build_source(table_of(table, split="test"), CPU))
    assert build_parts(MOONS, CPU, DivisionSettings(test_split="test")).train.num_examples == 1600
    with pytest.raises(UserError, match=r"'train' of .* both for training and for the test"):
        build_parts(table_of(table), CPU, DivisionSettings(test_split="train"))
    with pytest.raises(UserError, match="Unknown split 'tset'; did you mean 'test'"):
        build_parts(table_of(table), CPU, DivisionSettings(test_split="tset"))


def test_mnist_and_mnist_m_are_divided_as_in_the_papers(shared_data):
    mnist = table_of(shared_data("mnist"), split="test", channels=3)
    textured = table_of(shared_data("mnist"), split="test", texture=str(shared_data("bsds500")))
    domains = build_domains(mnist, textured, CPU, DivisionSettings(held_out=0.999))
    assert [part.num_examples for part in domains.target] == [10, 4995, 4995]
    assert (domains.num_classes, domains.classes) == (10, tuple("0123456789"))


def test_shapes_must_agree():
    images, points = build_source(DIGITS, CPU), build_source(MOONS, CPU)
    with pytest.raises(UserError) as caught:
        build_domains(DataSettings(resolution=28), DIGITS, CPU)
    assert str(caught.value) == (
        "The source has images of 28 x 28 pixels in 1 channel, but the target has images of 16 x 16 pixels in 3 "
        "channels; set channels to 3 and resolution to one size, such as 28 in both."
    )
    with pytest.raises(UserError, match=r"but the target has examples of shape \(2,\); give two sets of the same kind"):
        require_same_shape(images, points)
    require_same_shape(images, images)


def folder_of(root, *classes):
    for number, name in enumerate(classes):
        (root / name).mkdir(parents=True)
        for k in range(10):
            Image.new("RGB", (8, 8), (number * 50, k, 0)).save(root / name / f"{k}.png")
    return DataSettings(source="folder", path=str(root))


def test_two_folders_must_have_the_same_classes(tmp_path):
    ours, theirs = folder_of(tmp_path / "a", "cat", "dog"), folder_of(tmp_path / "b", "dog", "horse")
    with pytest.raises(UserError, match=r"2 classes and the target .* has 2, and 'cat' is a class of one only"):
        build_domains(ours, theirs, CPU)
    more = folder_of(tmp_path / "c", "cat", "dog", "horse")
    with pytest.raises(UserError, match="'horse' is a class of one only"):
        build_domains(ours, more, CPU)
    assert build_domains(ours, folder_of(tmp_path / "d", "cat", "dog"), CPU).classes == ("cat", "dog")


def test_a_target_needs_no_labels(tmp_path):
    ours, theirs = folder_of(tmp_path / "a", "cat", "dog"), folder_of(tmp_path / "b", "cat")
    flat = DataSettings(source="folder", path=str(tmp_path / "b" / "cat"))
    domains = build_domains(ours, flat, CPU)
    assert (domains.num_classes, domains.target.train.num_examples) == (2, 8)
    with pytest.raises(UserError, match=r"has no classes, from which alone a classifier can learn; set data"):
        build_domains(flat, theirs, CPU)


def test_labels_that_no_class_of_the_source_has_are_refused(tmp_path):
    import datasets

    def table(name, labels):
        rows = [{"bytes": _png(k), "path": None} for k in range(len(labels))]
        features = datasets.Features({"image": datasets.Image(), "label": datasets.Value("int64")})
        (tmp_path / name).mkdir()
        made = datasets.Dataset.from_dict({"image": rows, "label": labels}, features=features)
        made.to_parquet(tmp_path / name / "train-00000-of-00001.parquet")
        return table_of(tmp_path / name, label_column="label")

    ours = table("ours", [0, 1] * 10)
    with pytest.raises(UserError, match=r"classes [01] to 10, but the source has 0 to 1"):
        build_domains(ours, table("theirs", [1, 10] * 10), CPU)
    with pytest.raises(UserError, match=r"Some examples of the source .* have no class"):
        build_domains(table("unknown", [0, -1] * 10), ours, CPU)
    hidden = table("hidden", [-1] * 20)
    assert build_parts(hidden, CPU).test.labels is None
    assert build_domains(ours, hidden, CPU).num_classes == 2


def _png(level):
    import io

    file = io.BytesIO()
    Image.new("L", (4, 4), level).save(file, "png")
    return file.getvalue()


@pytest.mark.parametrize("name", ["ring", "text"])
def test_sources_that_cannot_be_divided(name):
    with pytest.raises(UserError, match="cannot be divided into parts; choose one of digits, moons"):
        build_domains(DataSettings(source=name), MOONS, CPU)
    with pytest.raises(UserError, match="cannot be divided"):
        unlabelled(build_source(DataSettings(source=name), CPU))


def test_too_few_examples_for_three_parts():
    with pytest.raises(UserError, match="has 5 examples, too few for parts"):
        build_parts(DataSettings(source="moons", num_points=5), CPU)


def test_parts_flip_as_the_whole_does():
    pixels = torch.arange(60, dtype=torch.uint8).view(5, 1, 3, 4)
    source = InMemoryImages("mine", pixels, torch.arange(5), flip=True, classes=("a", "b", "c", "d", "e"))
    part = source.part(torch.tensor([1, 3]))
    assert (part.flip, part.labels.tolist(), part.classes) == (True, [1, 3], source.classes)
    assert part.part(torch.tensor([1]), labelled=False).labels is None
