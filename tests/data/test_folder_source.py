"""Images below a folder: what is found, what is labelled, what is refused and in which words."""

import os
import shutil

import numpy as np
import pytest
import torch
from PIL import Image

from equipoise.core.errors import DataWarning, UserError
from equipoise.data.folder import FolderRecords

CPU = torch.device("cpu")


def save(path, value=0, size=(4, 4), mode="L"):
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.new(mode, size, value).save(path)


def names(root):
    records = FolderRecords(str(root))
    return [records.name(index) for index in range(len(records))]


def examples(source):
    return next(source.ordered(1000, CPU))


def test_every_kind_of_image_is_found_however_deep(tmp_path):
    wanted = ["a.png", "b.JPG", "c/d.jpeg", "c/d/e/f.BMP", "g.webp", "h.tif", "i.TIFF", "j.gif"]
    for name in wanted:
        save(tmp_path / name)
    (tmp_path / "notes.txt").write_text("no image")
    (tmp_path / "folder.png").mkdir()
    assert names(tmp_path) == sorted(wanted)


def test_hidden_files_and_folders_are_skipped(tmp_path):
    for name in ("a.png", ".b.png", "._a.png", ".cache/c.png"):
        save(tmp_path / name)
    assert names(tmp_path) == ["a.png"]


def test_symlink_loops_end_and_no_file_comes_twice(tmp_path):
    save(tmp_path / "a" / "b" / "x.png")
    (tmp_path / "a" / "b" / "loop").symlink_to(tmp_path / "a", target_is_directory=True)
    (tmp_path / "0_again").symlink_to(tmp_path / "a", target_is_directory=True)
    (tmp_path / "a" / "same.png").symlink_to(tmp_path / "a" / "b" / "x.png")
    (tmp_path / "self.png").symlink_to("self.png")
    assert names(tmp_path) == ["a/b/x.png", "self.png"]


def test_links_to_elsewhere_are_followed(tmp_path):
    save(tmp_path / "store" / "x.png")
    save(tmp_path / "more" / "y.png")
    (tmp_path / "set").mkdir()
    (tmp_path / "set" / "one.png").symlink_to(tmp_path / "store" / "x.png")
    (tmp_path / "set" / "others").symlink_to(tmp_path / "more", target_is_directory=True)
    assert names(tmp_path / "set") == ["one.png", "others/y.png"]


def test_pipes_are_left_alone(tmp_path):
    save(tmp_path / "a.png")
    os.mkfifo(tmp_path / "pipe.png")
    assert names(tmp_path) == ["a.png"]


def test_one_level_of_folders_makes_classes(build, folder, pixels):
    batch = examples(build(source="folder", path=str(folder)))
    assert batch.labels.tolist() == [0] * 5 + [1] * 5
    expected = torch.tensor(pixels[[0, 2, 4, 6, 8, 1, 3, 5, 7, 9]]).permute(0, 3, 1, 2)
    assert torch.equal(batch.examples, expected / 127.5 - 1)


@pytest.mark.parametrize("stray", ["stray.png", "a/deeper/stray.png"])
def test_images_on_other_levels_make_no_classes(build, folder, stray):
    (folder / stray).parent.mkdir(exist_ok=True)
    shutil.copy(folder / "a" / "0.png", folder / stray)
    assert examples(build(source="folder", path=str(folder))).labels is None


def test_channels_follow_the_images_unless_asked(build, tmp_path):
    for k in range(3):
        save(tmp_path / f"{k}.png")
    fields = {"source": "folder", "path": str(tmp_path)}
    assert build(**fields).example_shape == (1, 4, 4)
    assert build(**fields, channels=3).example_shape == (3, 4, 4)
    save(tmp_path / "z.png", "red", mode="RGB")
    assert build(**fields).example_shape == (3, 4, 4)
    assert build(**fields, channels=1).example_shape == (1, 4, 4)


def test_home_folder_is_known(build, folder, monkeypatch):
    monkeypatch.setenv("HOME", str(folder.parent))
    assert build(source="folder", path="~/photos").num_examples == 10


def test_fingerprint_changes_with_content(build, folder):
    for limit in (0, 2048):
        fields = {"source": "folder", "path": str(folder), "memory_limit": limit, "workers": 0}
        before = build(**fields).fingerprint()
        assert build(**fields).fingerprint() == before
        save(folder / "a" / "0.png", limit % 255 + 1, size=(6, 8), mode="RGB")
        changed = build(**fields).fingerprint()
        assert changed != before
        assert build(**fields, resolution=4, resize="squash").fingerprint() != changed


@pytest.mark.parametrize("streamed", [False, True])
@pytest.mark.parametrize("resize", ["crop", "squash"])
def test_sizes_are_brought_together_when_asked(build, tmp_path, resize, streamed):
    for k, size in enumerate([(4, 4), (8, 5), (3, 9)]):
        save(tmp_path / f"{k}.png", size=size)
    limit = {"memory_limit": 0, "workers": 0} if streamed else {}
    source = build(source="folder", path=str(tmp_path), resolution=6, resize=resize, **limit)
    assert examples(source).examples.shape == (3, 1, 6, 6)


@pytest.mark.parametrize("streamed", [False, True])
@pytest.mark.parametrize("sideways", [False, True])
def test_images_of_one_oblong_size_need_no_resizing(build, tmp_path, streamed, sideways):
    save(tmp_path / "a.png", size=(6, 3))
    exif = Image.Exif()
    exif[0x0112] = 6
    Image.new("L", (3, 6)).save(tmp_path / "b.jpg", **({"exif": exif} if sideways else {}))
    fields = {"source": "folder", "path": str(tmp_path)} | ({"memory_limit": 0, "workers": 0} if streamed else {})
    if sideways:
        assert build(**fields).example_shape == (1, 3, 6)
    else:
        with pytest.raises(UserError, match=r"'b\.jpg' is 3 x 6 pixels, but 'a\.png' is 6 x 3; set data\.resolution"):
            build(**fields)


@pytest.mark.parametrize("streamed", [False, True])
def test_first_image_of_another_size_is_named(build, tmp_path, streamed):
    for k in range(200):
        save(tmp_path / f"{k:03}.png", size=(5, 7) if k in (150, 199) else (4, 4))
    fields = {"source": "folder", "path": str(tmp_path)} | ({"memory_limit": 0, "workers": 0} if streamed else {})
    with pytest.raises(UserError, match=r"'150\.png' is 5 x 7 pixels, .* data\.resize to crop or squash\."):
        build(**fields)
    with pytest.raises(UserError, match=r"'000\.png' is 4 x 4 pixels, but data\.resolution is 8; .* crop or squash"):
        build(**fields, resolution=8)


def test_resizing_without_a_size_is_refused(build, folder):
    with pytest.raises(UserError, match=r"data\.resize is 'crop', but no size is given; set data\.resolution\."):
        build(source="folder", path=str(folder), resize="crop")


def test_paths_that_hold_no_images(build, folder, tmp_path):
    def said(path):
        with pytest.raises(UserError) as caught:
            build(source="folder", path=path)
        return str(caught.value)

    assert "data.path is not given" in said(None)
    assert "photo'; " not in said(str(tmp_path / "photo"))
    assert f"did you mean {str(folder)!r}" in said(str(tmp_path / "photo"))
    assert "did you mean" not in said(str(tmp_path / "something else"))
    assert "There is no folder" in said(str(tmp_path / "no" / "such" / "place"))
    assert "is a file" in said(str(folder / "a" / "0.png"))
    (tmp_path / "empty").mkdir()
    assert "There are no images below" in said(str(tmp_path / "empty"))


def test_folder_that_may_not_be_read(build, folder, monkeypatch):
    def refuse(path):
        raise PermissionError(13, "Permission denied", path)

    monkeypatch.setattr(os, "scandir", refuse)
    with pytest.raises(UserError, match="cannot be listed"):
        build(source="folder", path=str(folder))


def damage(folder, number):
    """Spoil the first files in four ways."""
    spoiled = sorted(folder.rglob("*.png"))[:number]
    for k, path in enumerate(spoiled):
        content = path.read_bytes()
        if k % 4 == 3:
            path.unlink()
            path.symlink_to("nowhere")
        else:
            path.write_bytes([content[: len(content) // 2], b"", b"text"][k % 4])
    return [path.relative_to(folder).as_posix() for path in spoiled]


@pytest.fixture
def many(tmp_path):
    root = tmp_path / "many"
    for k in range(100):
        values = np.random.default_rng(k).integers(0, 256, (12, 12), dtype=np.uint8)
        (root / str(k % 2)).mkdir(parents=True, exist_ok=True)
        Image.fromarray(values).save(root / str(k % 2) / f"{k:02}.png")
    return root


def test_unreadable_images_are_named_and_left_out(build, many):
    bad = damage(many, 4)
    with pytest.warns(DataWarning) as caught:
        source = build(source="folder", path=str(many), max_unreadable=0.05)
    (warning,) = caught
    text = str(warning.message)
    assert "4 of 100 images cannot be read" in text
    assert all(name in text for name in bad[:3])
    assert "and 1 more" in text
    assert source.num_examples == 96
    assert examples(source).labels.tolist() == [0] * 46 + [1] * 50


@pytest.mark.parametrize("limit", [{}, {"memory_limit": 0, "workers": 0}])
def test_too_many_unreadable_images_are_an_error(build, many, limit):
    bad = damage(many, 6)
    with pytest.raises(UserError, match=r"of 100 images cannot be read, more than data\.max_unreadable") as caught:
        build(source="folder", path=str(many), max_unreadable=0.01, **limit)
    assert bad[1] in str(caught.value)


def test_a_fraction_exactly_at_the_limit_passes(build, many):
    damage(many, 29)
    with pytest.warns(DataWarning, match="29 of 100"):
        assert build(source="folder", path=str(many), max_unreadable=0.29).num_examples == 71


@pytest.mark.parametrize("fields", [{}, {"resolution": 4, "resize": "crop"}])
def test_no_readable_image_is_an_error_whatever_is_allowed(build, tmp_path, fields):
    for k in range(5):
        (tmp_path / f"{k}.png").write_bytes(b"no image")
    with pytest.raises(UserError, match=r"None of the 5 images can be read: '0\.png' is not an image .* and 2 more"):
        build(source="folder", path=str(tmp_path), max_unreadable=0.99, **fields)


@pytest.mark.parametrize("limit", [{}, {"memory_limit": 0, "workers": 0}])
def test_progress_is_told(build, many, limit):
    told = []
    build(source="folder", path=str(many), on_progress=lambda done, total: told.append((done, total)), **limit)
    assert told[-1] == (100, 100)
    assert told == sorted(told)
