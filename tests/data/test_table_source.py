"""Parquet files and hub data sets: splits, columns, and what is said when they are not there."""

import io
import pickle
import subprocess
import sys

import pytest
import torch

from equipoise.core.errors import UserError

datasets = pytest.importorskip("datasets")

CPU = torch.device("cpu")


def whole(source):
    return next(source.ordered(1000, CPU))


def write(folder, name, columns, features=None):
    folder.mkdir(exist_ok=True)
    declared = datasets.Features(features) if features else None
    datasets.Dataset.from_dict(columns, features=declared).to_parquet(folder / name)


@pytest.fixture
def rows(pixels, png):
    """Image cells of the ten images."""
    return [{"bytes": png(image), "path": None} for image in pixels]


@pytest.mark.parametrize("limit", [{}, {"memory_limit": 0, "workers": 0}])
def test_shards_are_read_in_order(build, table, pixels, limit):
    source = build(source="table", path=str(table), **limit)
    assert source.example_shape == (3, 8, 6)
    batch = whole(source)
    assert torch.equal(batch.examples, torch.tensor(pixels).permute(0, 3, 1, 2) / 127.5 - 1)
    assert batch.labels.tolist() == [0, 1] * 5


def test_splits(build, table):
    assert build(source="table", path=str(table), split="test").num_examples == 3
    assert build("test", source="table", path=str(table)).num_examples == 3
    with pytest.raises(UserError, match=r"Unknown split 'tets'; did you mean 'test'\? Choose from: test, train\."):
        build("tets", source="table", path=str(table))


def test_files_in_a_data_folder_are_found(build, table):
    inner = table / "data"
    inner.mkdir()
    for file in list(table.glob("*.parquet")):
        file.rename(inner / file.name)
    assert build(source="table", path=str(table)).num_examples == 10


def test_a_missing_shard_is_noticed(build, table):
    (table / "train-00001-of-00002.parquet").unlink()
    with pytest.raises(UserError, match=r"'train' in .* has 1 of its 2 files; download the rest"):
        build(source="table", path=str(table))


def test_a_plain_name_is_a_split(build, tmp_path, rows):
    write(tmp_path / "t", "validation.parquet", {"image": rows})
    source = build(source="table", path=str(tmp_path / "t"), split="validation")
    assert source.num_examples == 10
    assert whole(source).labels is None


def test_columns_without_a_declaration(build, tmp_path, rows):
    """Files not written by `datasets` declare no images; the structure tells, or the name that is given."""
    plain = [row["bytes"] for row in rows]
    write(tmp_path / "t", "train.parquet", {"raw": plain, "picture": rows, "word": ["b", "a"] * 5, "number": [3] * 10})
    place = {"source": "table", "path": str(tmp_path / "t")}
    assert torch.equal(whole(build(**place)).examples, whole(build(**place, image_column="raw")).examples)
    assert whole(build(**place, label_column="word")).labels.tolist() == [1, 0] * 5
    assert whole(build(**place, label_column="number")).labels.tolist() == [3] * 10


def test_columns_that_are_not_there(build, table):
    place = {"source": "table", "path": str(table)}
    with pytest.raises(UserError, match=r"Unknown image column 'pictur'; did you mean 'picture'\?"):
        build(**place, image_column="pictur")
    with pytest.raises(UserError, match=r"Unknown label column 'kin'; did you mean 'kind'\?"):
        build(**place, label_column="kin")
    with pytest.raises(UserError, match="Column 'kind' holds no encoded images"):
        build(**place, image_column="kind")
    with pytest.raises(UserError, match="'picture' holds neither whole numbers nor words"):
        build(**place, label_column="picture")


def test_rows_without_a_class_are_minus_one(build, tmp_path, rows):
    write(tmp_path / "t", "train.parquet", {"image": rows, "word": ["a", None] * 5, "number": [None, 7] * 5})
    place = {"source": "table", "path": str(tmp_path / "t")}
    assert whole(build(**place)).labels is None
    assert whole(build(**place, label_column="word")).labels.tolist() == [0, -1] * 5
    assert whole(build(**place, label_column="number")).labels.tolist() == [-1, 7] * 5


def test_the_image_column_must_be_clear(build, tmp_path, rows):
    write(tmp_path / "none", "train.parquet", {"x": [1, 2]})
    with pytest.raises(UserError, match=r"no image column among x; set data\.image_column"):
        build(source="table", path=str(tmp_path / "none"))
    write(tmp_path / "two", "train.parquet", {"x": rows, "y": rows})
    with pytest.raises(UserError, match="2 image columns among x, y"):
        build(source="table", path=str(tmp_path / "two"))
    assert build(source="table", path=str(tmp_path / "two"), image_column="y").num_examples == 10


def test_two_class_columns_make_no_labels_unless_named(build, tmp_path, rows):
    kinds = datasets.ClassLabel(names=["x", "y"])
    features = {"image": datasets.Image(), "fine": kinds, "coarse": kinds}
    write(tmp_path / "t", "train.parquet", {"image": rows, "fine": [0, 1] * 5, "coarse": [1] * 10}, features)
    place = {"source": "table", "path": str(tmp_path / "t")}
    assert whole(build(**place)).labels is None
    assert whole(build(**place, label_column="coarse")).labels.tolist() == [1] * 10


def test_missing_and_damaged_cells_are_counted(build, tmp_path, rows, folder):
    rows[1] = None
    rows[2] = {"bytes": None, "path": str(folder / "a" / "2.png")}
    rows[3] = {"bytes": b"no image", "path": "three.png"}
    write(tmp_path / "t", "train.parquet", {"image": rows}, {"image": datasets.Image()})
    with pytest.warns(UserWarning, match=r"2 of 10 images .* 'row 1' is empty, 'row 3 \(three\.png\)' is not an image"):
        source = build(source="table", path=str(tmp_path / "t"), max_unreadable=0.2)
    assert source.num_examples == 8


def test_places_without_a_table(build, table, tmp_path):
    with pytest.raises(UserError, match=r"data\.path is not given"):
        build(source="table")
    with pytest.raises(UserError, match=r"did you mean '.*table'"):
        build(source="table", path=str(tmp_path / "tabel"))
    with pytest.raises(UserError, match="is a file"):
        build(source="table", path=str(table / "test-00000-of-00001.parquet"))
    with pytest.raises(UserError, match=r"There is no folder '\.\./nowhere'"):
        build(source="table", path="../nowhere")
    (tmp_path / "empty").mkdir()
    with pytest.raises(UserError, match=r"no parquet files in .*empty"):
        build(source="table", path=str(tmp_path / "empty"))


@pytest.mark.parametrize("content", [b"", b"no parquet", None])
def test_damaged_parquet_is_one_sentence(build, table, content):
    file = table / "train-00001-of-00002.parquet"
    file.write_bytes(file.read_bytes()[:-500] if content is None else content)
    with pytest.raises(UserError, match=r"parquet files of split 'train' in .* cannot be read") as caught:
        build(source="table", path=str(table))
    assert "\n" not in str(caught.value)
    assert caught.value.__cause__ is not None


def test_a_table_without_rows(build, tmp_path):
    write(tmp_path / "t", "train.parquet", {"image": []}, {"image": datasets.Image()})
    with pytest.raises(UserError, match=r"Split 'train' of .* has no rows"):
        build(source="table", path=str(tmp_path / "t"))


def test_a_streamed_copy_notices_changed_files(build, table, rows):
    place = {"source": "table", "path": str(table), "memory_limit": 0, "workers": 0, "split": "test"}
    before = build(**place)
    write(table, "test-00000-of-00001.parquet", {"picture": rows[5:]}, {"picture": datasets.Image()})
    after = build(**place)
    assert (before.num_examples, after.num_examples) == (3, 5)
    assert before.fingerprint() != after.fingerprint()


@pytest.fixture
def hub(monkeypatch, rows):
    """A hub that holds one data set, without a network."""
    features = datasets.Features({"image": datasets.Image(), "label": datasets.ClassLabel(num_classes=2)})
    held = datasets.Dataset.from_dict({"image": rows, "label": [1, 0] * 5}, features=features)

    def check(name):
        if name != "someone/something":
            raise datasets.exceptions.DatasetNotFoundError(f"Dataset '{name}' doesn't exist on the Hub.\nMore lines.")

    monkeypatch.setattr(
        datasets, "get_dataset_split_names", lambda name, subset: check(name) or ["train", "validation"]
    )
    monkeypatch.setattr(datasets, "load_dataset", lambda name, subset, split: check(name) or held)


def test_hub_data_sets(build, hub, pixels):
    source = build(source="table", path="someone/something")
    assert torch.equal(whole(source).examples, torch.tensor(pixels).permute(0, 3, 1, 2) / 127.5 - 1)
    assert whole(source).labels.tolist() == [1, 0] * 5
    with pytest.raises(UserError, match="Unknown split 'valid'; did you mean 'validation'"):
        build("valid", source="table", path="someone/something")


def test_a_hub_that_does_not_answer_is_one_sentence(build, hub):
    with pytest.raises(UserError, match="no folder 'someone/else', and the Hugging Face hub gave") as caught:
        build(source="table", path="someone/else")
    assert "\n" not in str(caught.value)
    assert isinstance(caught.value.__cause__, datasets.exceptions.DatasetNotFoundError)


def test_a_mistyped_folder_that_looks_like_a_hub_name(build, hub, table, monkeypatch):
    monkeypatch.chdir(table.parent.parent)
    with pytest.raises(UserError, match=r"did you mean '.*/table'"):
        build(source="table", path=f"{table.parent.name}/tabel")


def test_nothing_is_printed(build, table, capfd):
    build(source="table", path=str(table), memory_limit=0, workers=0)
    captured = capfd.readouterr()
    assert captured.out == captured.err == ""


def test_heavy_libraries_wait_until_they_are_used():
    code = "import sys, equipoise.data; print({'datasets', 'sklearn', 'pyarrow', 'pandas'} & set(sys.modules))"
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert result.stdout.strip() == "set()"


def test_records_go_to_workers_without_their_content(build, table):
    source = build(source="table", path=str(table), memory_limit=0, workers=0)
    next(source.ordered(4, CPU))
    sent = pickle.dumps(source._reader)
    assert len(sent) < 10_000
    file = pickle.loads(sent).records.open(3)
    assert isinstance(file, io.BytesIO)
