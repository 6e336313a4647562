"""Archives give the images that a folder gives, write nothing, and read nothing they should not."""

import io
import os
import pickle
import struct
import tarfile
import zipfile
import zlib

import numpy as np
import pytest
import torch
from PIL import Image

from equipoise.core.errors import DataWarning, UserError
from equipoise.data.archive import is_archive, open_archive
from equipoise.data.decode import UnreadableImageError


def pack(folder, path):
    """The folder as an archive, in the order of its names turned round."""
    files = sorted((file for file in folder.rglob("*") if file.is_file()), reverse=True)
    if path.suffix == ".zip":
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
            for file in files:
                archive.write(file, f"photos/{file.relative_to(folder)}")
        return path
    mode = {".tar": "w", ".tgz": "w:gz", ".txz": "w:xz", ".tbz2": "w:bz2"}[path.suffix]
    with tarfile.open(path, mode) as archive:
        for file in files:
            archive.add(file, f"photos/{file.relative_to(folder)}")
    return path


@pytest.mark.parametrize("ending", [".zip", ".tar", ".tgz", ".txz", ".tbz2"])
def test_an_archive_is_the_folder_it_was_made_of(build, folder, tmp_path, ending):
    archive = pack(folder, tmp_path / f"photos{ending}")
    there = build(source="folder", path=str(folder))
    here = build(source="folder", path=str(archive))
    expected, found = (next(source.ordered(20, torch.device("cpu"))) for source in (there, here))
    assert torch.equal(found.examples, expected.examples)
    assert torch.equal(found.labels, expected.labels)


@pytest.mark.parametrize("ending", [".zip", ".tar", ".tgz"])
def test_an_archive_travels_to_worker_processes(folder, tmp_path, ending):
    records = open_archive(pack(folder, tmp_path / f"photos{ending}"))
    copy = pickle.loads(pickle.dumps(records))
    assert [copy.open(k).read() for k in range(10)] == [records.open(k).read() for k in range(10)]


def test_only_images_that_are_meant_to_be_seen_count(tmp_path, png):
    path = tmp_path / "a.zip"
    with zipfile.ZipFile(path, "w") as archive:
        for name in ("1.png", "__MACOSX/._1.png", ".hidden/2.png", ".3.png", "notes.txt", "b/", "4.PNG"):
            archive.writestr(name, png(np.zeros((2, 2), np.uint8)))
    records = open_archive(path)
    assert [records.name(k) for k in range(len(records))] == ["1.png", "4.PNG"]


def test_paths_that_leave_the_archive_lead_nowhere(tmp_path, png):
    (tmp_path / "inside").mkdir()
    path = tmp_path / "inside" / "a.tar"
    content = png(np.full((2, 2), 7, np.uint8))
    with tarfile.open(path, "w") as archive:
        for name in ("../escaped.png", "/absolute.png"):
            entry = tarfile.TarInfo(name)
            entry.size = len(content)
            archive.addfile(entry, io.BytesIO(content))
    records = open_archive(path)
    assert [records.open(k).read() for k in range(2)] == [content, content]
    assert sorted(file.name for file in tmp_path.rglob("*")) == ["a.tar", "inside"]


def test_links_in_a_tar_are_not_followed(tmp_path, png):
    secret = tmp_path / "secret.png"
    secret.write_bytes(png(np.zeros((2, 2), np.uint8)))
    path = tmp_path / "a.tar"
    with tarfile.open(path, "w") as archive:
        for name, kind in (("symbolic.png", tarfile.SYMTYPE), ("hard.png", tarfile.LNKTYPE)):
            entry = tarfile.TarInfo(name)
            entry.type, entry.linkname = kind, str(secret)
            archive.addfile(entry)
    records = open_archive(path)
    for k in range(2):
        with pytest.raises(UnreadableImageError, match="is a link"):
            records.open(k)


def test_links_in_a_zip_are_not_followed(build, tmp_path, png):
    path = tmp_path / "a.zip"
    with zipfile.ZipFile(path, "w") as archive:
        link = zipfile.ZipInfo("link.png")
        link.external_attr = 0o120777 << 16
        archive.writestr(link, "/etc/passwd")
        archive.writestr("real.png", png(np.zeros((2, 2), np.uint8)))
    with pytest.warns(DataWarning, match=r"1 of 2 images .*'link.png' is a link"):
        source = build(source="folder", path=str(path), max_unreadable=0.5)
    assert source.num_examples == 1


def test_a_bomb_is_not_unpacked(tmp_path):
    path = tmp_path / "bomb.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("bomb.bmp", bytes(64 << 20))
    with pytest.raises(UnreadableImageError, match="unpacks to 64 MiB from"):
        open_archive(path).open(0)


def test_a_bomb_that_lies_about_its_size_stops_at_the_lie(tmp_path):
    content = bytes(10 << 20)
    compressor = zlib.compressobj(9, zlib.DEFLATED, -15)
    packed = compressor.compress(content) + compressor.flush()
    path = tmp_path / "liar.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("liar.png", content)
    raw = path.read_bytes()
    # The size stands in the local header and in the directory: 10 MiB become 100 bytes.
    lying = raw.replace(struct.pack("<I", len(content)), struct.pack("<I", 100))
    assert packed[:50] in lying
    path.write_bytes(lying)
    with pytest.raises(UnreadableImageError, match="does not unpack to what the archive's directory says"):
        open_archive(path).open(0)


def test_damage_inside_is_one_unreadable_image(tmp_path, png):
    path = tmp_path / "a.zip"
    images = [png(np.random.default_rng(k).integers(0, 256, (9, 9), dtype=np.uint8)) for k in range(2)]
    with zipfile.ZipFile(path, "w") as archive:
        for k, image in enumerate(images):
            archive.writestr(f"{k}.png", image)
    raw = bytearray(path.read_bytes())
    raw[raw.index(images[0]) + 20] ^= 0xFF
    path.write_bytes(raw)
    records = open_archive(path)
    with pytest.raises(UnreadableImageError, match="damaged"):
        records.open(0)
    assert records.open(1).read() == images[1]


def test_encrypted_members_are_named_so(tmp_path, png):
    path = tmp_path / "a.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("1.png", png(np.zeros((2, 2), np.uint8)))
    raw = bytearray(path.read_bytes())
    raw[raw.index(b"PK\1\2") + 8] |= 1
    path.write_bytes(raw)
    with pytest.raises(UnreadableImageError, match="encrypted"):
        open_archive(path).open(0)


@pytest.mark.parametrize("ending", [".zip", ".tar", ".tgz", ".txz", ".tbz2"])
def test_a_torn_archive_is_one_sentence(folder, tmp_path, ending):
    path = pack(folder, tmp_path / f"photos{ending}")
    whole = path.read_bytes()
    path.write_bytes(whole[: len(whole) // 2])
    with pytest.raises(UserError, match=r"is not a whole archive|cannot be read"):
        open_archive(path)


@pytest.mark.parametrize("ending", [".zip", ".tar", ".tar.gz"])
@pytest.mark.parametrize("content", [b"", b"no archive at all" * 100])
def test_something_else_under_the_name_of_an_archive(tmp_path, ending, content):
    path = tmp_path / f"a{ending}"
    path.write_bytes(content)
    assert is_archive(path)
    with pytest.raises(UserError, match=r"is not a whole archive|no images"):
        open_archive(path)


def test_an_archive_without_images(tmp_path):
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        archive.writestr("notes.txt", "nothing")
    with pytest.raises(UserError, match="no images"):
        open_archive(tmp_path / "a.zip")


@pytest.mark.skipif(os.geteuid() == 0, reason="the superuser may read everything")
def test_an_archive_that_may_not_be_read(tmp_path):
    path = tmp_path / "a.zip"
    path.touch(mode=0)
    with pytest.raises(UserError, match="cannot be read"):
        open_archive(path)


def test_a_compressed_tar_that_is_too_large_for_memory(folder, tmp_path, monkeypatch):
    path = pack(folder, tmp_path / "photos.tgz")
    monkeypatch.setattr("equipoise.data.archive_tar.LARGEST_COMPRESSED", 1000)
    with pytest.raises(UserError, match=r"store it as a plain .tar"):
        open_archive(path)


def test_archives_of_photographs_stream_through_forked_workers(build, folder, tmp_path):
    archive = pack(folder, tmp_path / "photos.zip")
    streamed = build(source="folder", path=str(archive), memory_limit=0, workers=2)
    held = build(source="folder", path=str(archive))
    for one, other in zip(streamed.ordered(3, torch.device("cpu")), held.ordered(3, torch.device("cpu")), strict=True):
        assert torch.equal(one.examples, other.examples)


def test_a_picture_of_pixels_is_what_was_packed(tmp_path, pixels, png):
    with zipfile.ZipFile(tmp_path / "a.zip", "w", zipfile.ZIP_STORED) as archive:
        archive.writestr("1.png", png(pixels[0]))
    assert np.array_equal(np.asarray(Image.open(open_archive(tmp_path / "a.zip").open(0))), pixels[0])
