"""Two sets of any kind compared: the same examples give the same number, and what cannot be compared says so."""

import os
import tarfile
import zipfile

import numpy as np
import pytest
import torch
from PIL import Image

from equipoise.config import (
    DataSettings,
    EvaluationSettings,
    GameSettings,
    NetworkSettings,
    RunSettings,
    TrainingSettings,
)
from equipoise.config.files import merged
from equipoise.core.errors import DataWarning, UserError
from equipoise.core.files import read_json_lines
from equipoise.data.digits import load_digits
from equipoise.metrics import Moments, Protocol, build_features, frechet_distance
from equipoise.training import Reading, compare, train
from equipoise.training.measuring.measures import MEASURES
from equipoise.training.pictures import image_of, to_pixels

CPU = torch.device("cpu")
NUM = 120


@pytest.fixture(scope="module")
def digits():
    return next(load_digits(CPU).ordered(2000, CPU)).examples


@pytest.fixture
def folder(tmp_path, digits):
    """The first 120 digits as PNG files."""
    root = tmp_path / "folder"
    root.mkdir()
    for k, pixels in enumerate(to_pixels(digits[:NUM])):
        image_of(pixels).save(root / f"{k:03d}.png")
    return root


@pytest.fixture
def forms(tmp_path, folder, digits):
    """The same examples in every form that a person can name."""
    datasets = pytest.importorskip("datasets")
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive, tarfile.open(tmp_path / "a.tgz", "w:gz") as packed:
        for file in folder.iterdir():
            archive.write(file, file.name)
            packed.add(file, file.name)
    (tmp_path / "table").mkdir()
    rows = [{"bytes": file.read_bytes(), "path": None} for file in sorted(folder.iterdir())]
    features = datasets.Features({"image": datasets.Image()})
    path = tmp_path / "table" / "test-00000-of-00001.parquet"
    datasets.Dataset.from_dict({"image": rows}, features=features).to_parquet(path)
    compare(str(folder), "digits", "digits").moments[0].save(tmp_path / "a.npz")
    given = {name: str(tmp_path / name) for name in ("a.zip", "a.tgz", "a.npz")}
    return {"folder": str(folder), **given, "table": f"{tmp_path / 'table'}:test", "tensor": digits[:NUM]}


@pytest.fixture
def expected(digits):
    network = build_features("digits")
    return frechet_distance(Moments.from_features(network(digits[:NUM])), Moments.from_features(network(digits)))


def test_every_form_gives_the_same_distance_on_either_side(forms, expected):
    for name, given in forms.items():
        assert compare(given, "digits", "digits").values["fd"] == pytest.approx(expected, rel=1e-6), name
        assert compare("digits", given, "digits").values["fd"] == pytest.approx(expected, rel=1e-6), name


def test_the_same_content_has_the_same_key(forms):
    keys = {
        name: compare(given, "digits", "digits").protocol["samples"]["data"]
        for name, given in forms.items()
        if name in ("folder", "a.zip", "a.tgz", "table")
    }
    assert len(set(keys.values())) == 1


def test_a_set_is_looked_at_once(folder, monkeypatch):
    first = compare(str(folder), "digits", "digits")
    monkeypatch.setattr("equipoise.training.measuring.comparison.observe", lambda *_: pytest.fail("looked again"))
    again = compare(str(folder), "digits", "digits")
    assert again.values == first.values
    assert again.intervals == first.intervals


def test_a_changed_picture_is_seen_although_size_and_time_are_not(tmp_path, digits):
    values = []
    for images in (digits[:60], digits[60:120]):
        for k, pixels in enumerate(to_pixels(images)):
            image_of(pixels).save(tmp_path / f"{k}.bmp")
            os.utime(tmp_path / f"{k}.bmp", (0, 0))
        values.append(compare(str(tmp_path), "digits", "digits").values["fd"])
    assert values[0] != pytest.approx(values[1], rel=1e-3)


def test_a_set_is_at_no_distance_from_itself(folder):
    found = compare(str(folder), str(folder), "digits")
    assert found.values["fd"] < 1e-9


def test_every_measure_says_what_it_found(digits):
    found = compare(digits[:400], digits[400:900], "digits", tuple(MEASURES))
    assert set(found.intervals) == set(found.values) - {"is", "is_std"}
    plain = compare(digits[:400], digits[400:900], "digits", tuple(MEASURES), intervals=False)
    assert plain.intervals == {}
    assert plain.values == pytest.approx(found.values, rel=1e-6, abs=1e-9)
    assert found.protocol["measures"] == list(MEASURES)
    assert all(0 <= found.values[name] <= 1 for name in ("precision", "recall", "coverage"))
    assert any("under 10,000" in remark for remark in found.remarks)


def test_the_interval_holds_what_other_samples_give(digits):
    """Halves of the digits against the whole: the value of the second half lies in the interval of the first."""
    first, second = (compare(half, digits, "digits") for half in (digits[::2], digits[1::2]))
    interval = first.intervals["fd"]
    assert interval.low < second.values["fd"] < interval.high
    assert interval.bias > 0


def test_a_run_is_compared_at_its_best_step_with_what_training_recorded(tmp_path):
    settings = RunSettings(
        name="run",
        root=str(tmp_path),
        threads=1,
        network=NetworkSettings(architecture="dcgan", width=8),
        game=GameSettings(latent_dim=8),
        data=DataSettings(),
        training=TrainingSettings(steps=6, batch_size=16, checkpoint_every=2),
        evaluation=EvaluationSettings(features="digits", every=2, num_samples=150, batch_size=100),
    )
    train(settings)
    records = read_json_lines(tmp_path / "run" / "evaluations.jsonl")
    best = min(records, key=lambda record: (record["values"]["fd"], -record["step"]))
    found = compare(str(tmp_path / "run"), "digits", "digits", reading=Reading(num_generated=150))
    assert found.protocol["samples"]["step"] == best["step"]
    assert found.values["fd"] == pytest.approx(best["values"]["fd"], rel=1e-6)


def test_a_part_is_drawn_by_the_seed(folder):
    parts = [compare(str(folder), "digits", "digits", reading=Reading(max_samples=50, seed=s)) for s in (0, 0, 1)]
    assert parts[0].values == parts[1].values != parts[2].values
    assert parts[0].protocol["samples"]["count"] == 50
    assert parts[0].protocol["reference"]["seed"] == 0


def test_moments_need_no_network_and_bring_their_features(forms, monkeypatch):
    monkeypatch.setattr(
        "equipoise.training.measuring.comparison.build_features", lambda *_: pytest.fail("built a network")
    )
    found = compare(forms["a.npz"], forms["a.npz"])
    assert found.values["fd"] < 1e-9
    assert found.protocol["features"] == "digits"
    monkeypatch.undo()
    assert compare(forms["a.npz"], "digits").protocol["features"] == "digits"


def test_a_foreign_file_of_moments_is_taken_without_its_count(tmp_path, folder):
    np.savez(tmp_path / "ttur.npz", mu=np.zeros(64), sigma=np.eye(64))
    found = compare(str(folder), str(tmp_path / "ttur.npz"), "digits")
    assert found.values["fd"] > 0
    assert found.protocol["reference"]["count"] is None


def test_grey_pictures_stored_in_colour_and_other_sizes(tmp_path, digits):
    for k, pixels in enumerate(to_pixels(digits[:40])):
        image_of(pixels).convert("RGB").resize((12, 16)).save(tmp_path / f"{k}.png")
    with pytest.raises(UserError, match=r"\(3, 16, 12\) .*'digits'.* take \(1, 8, 8\)"):
        compare(str(tmp_path), "digits", "digits")
    found = compare(str(tmp_path), "digits", "digits", reading=Reading(fit="squash", channels=1))
    assert found.protocol["fit"] == "squash"


def test_mixed_sizes_are_measured_where_the_features_take_any(tmp_path):
    class Means:
        """Means of the channels: features of images of any size."""

        name, dimension, example_shape, weights_hash = "means", 3, None, "none"

        def __call__(self, examples):
            return examples.expand(-1, 3, -1, -1).mean((2, 3))

    rng = np.random.default_rng(0)
    colours = rng.integers(0, 256, (30, 3), dtype=np.uint8)
    for k, colour in enumerate(colours):
        side = 4 + k % 3
        Image.fromarray(np.broadcast_to(colour, (side, side, 3)).copy()).save(tmp_path / f"{k:02d}.png")
    found = compare(str(tmp_path), torch.rand(50, 3, 5, 5) * 2 - 1, Means())
    torch.testing.assert_close(torch.tensor(found.moments[0].mean), torch.tensor(colours / 127.5 - 1).mean(0))


def test_unreadable_images_are_counted_each_time(folder):
    (folder / "zz.png").write_bytes(b"nothing")
    with pytest.warns(DataWarning, match="1 of 121 images"):
        found = compare(str(folder), "digits", "digits", reading=Reading(max_unreadable=0.1))
    assert found.protocol["samples"]["count"] == 120
    again = compare(str(folder), "digits", "digits", reading=Reading(max_unreadable=0.1))
    assert "1 of the 121 samples cannot be read and are left out." in again.remarks


@pytest.mark.parametrize("measures", [("fd",), ("fd", "kid")])
def test_the_limit_of_unreadable_images_does_not_depend_on_what_was_measured_before(folder, measures):
    for name in ("y.png", "z.png"):
        (folder / name).write_bytes(b"nothing")
    with pytest.warns(DataWarning, match="2 of 122 images"):
        compare(str(folder), "digits", "digits", reading=Reading(max_unreadable=0.5))
    with pytest.raises(UserError, match=r"2 of 122 images cannot be read, more than max-unreadable \(0.01\).*y.png"):
        compare(str(folder), "digits", "digits", measures)
    assert compare(str(folder), "digits", "digits", reading=Reading(max_unreadable=0.02)).values["fd"] > 0


@pytest.mark.parametrize(
    ("given", "options", "words"),
    [
        ("nowhere", {}, "nothing at 'nowhere'"),
        ("digist", {}, "did you mean 'digits'"),
        ("digits:test", {}, "has no splits"),
        ("folder:test", {}, "has no splits"),
        ("table:train", {}, "choose from: test"),
        ("table", {}, "split 'train'"),
        ("table:test", {"splits": ("valid", None)}, "give one"),
        ("notes.txt", {}, "a file of another kind"),
        ("empty", {}, "no images"),
        ("ring", {}, "The features 'digits' take images, but 'ring' holds points"),
        ("ring", {"features": "inception"}, "The features 'inception' take images, but 'ring' holds points"),
        ("folder", {"features": "cifar10"}, "(3, 32, 32)"),
        ("folder", {"features": "digit"}, "did you mean 'digits'"),
        ("folder", {"measures": ()}, "No measure"),
        ("folder", {"measures": ("fidd",)}, "unknown measure"),
        ("a.npz", {"measures": ("kid",)}, "moments alone, but 'kid' needs the examples"),
        ("a.npz", {"measures": ("is",)}, "moments alone, but 'is' needs the examples"),
        ("folder", {"reading": Reading(fit="crop"), "features": "inception-like"}, "unknown feature network"),
    ],
)
def test_a_request_that_cannot_be_met_is_one_sentence(tmp_path, forms, monkeypatch, given, options, words):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "notes.txt").write_text("nothing")
    (tmp_path / "empty").mkdir()
    with pytest.raises(UserError) as error:
        compare(given, "digits", options.pop("features", "digits"), **options)
    assert words.lower() in str(error.value).lower()
    assert "\n" not in str(error.value)


def test_points_are_their_own_features_by_default(tmp_path, monkeypatch):
    monkeypatch.setattr("urllib.request.urlopen", lambda *_, **__: pytest.fail("weights were asked for"))
    changes = {
        **{"name": "run", "root": str(tmp_path), "threads": 1, "data": {"source": "ring"}},
        **{"network": {"architecture": "mlp", "width": 4}, "training": {"steps": 2}},
    }
    train(RunSettings.model_validate(merged(RunSettings().model_dump(), changes)))
    points = torch.randn(50, 2, generator=torch.Generator().manual_seed(0))
    for given in ("ring", "grid", str(tmp_path / "run"), points):
        found = compare(given, "ring", reading=Reading(num_generated=100))
        assert found.protocol["features"] == "points"
    assert compare("ring", "ring").values["fd"] < 1e-9
    with pytest.raises(UserError, match="of two dimensions holds points"):
        compare(points, points, "dinov2")


def test_features_of_two_kinds_are_never_compared(tmp_path):
    for name in ("digits", "mnist"):
        Moments(np.zeros(2), np.eye(2), 10, Protocol(name, "0")).save(tmp_path / f"{name}.npz")
    with pytest.raises(UserError, match="cannot be compared"):
        compare(str(tmp_path / "digits.npz"), str(tmp_path / "mnist.npz"))
