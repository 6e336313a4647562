"""Blending with texture: the published rule, its seeds, and what is said of textures that cannot be had."""

import io

import numpy as np
import pytest
import torch
from PIL import Image

from equipoise.core.errors import DataWarning, IgnoredSettingWarning, UserError
from equipoise.data.texture import Photographs, SmoothTexture, Texturing, blend

CPU = torch.device("cpu")


def pixels_of(source):
    (batch,) = source.ordered(10**6, CPU)
    return ((batch.examples.double() + 1) * 127.5).round().to(torch.int64).numpy()


@pytest.fixture
def photographs(tmp_path):
    """A folder with three photographs of different sizes."""
    root = tmp_path / "photographs"
    root.mkdir()
    draw = np.random.default_rng(5)
    for k, (height, width) in enumerate([(40, 50), (33, 64), (28, 28)]):
        Image.fromarray(draw.integers(0, 256, (height, width, 3), dtype=np.uint8)).save(root / f"{k}.png")
    return root


def windows(image, side):
    """Every patch (M, 3, side, side) of a photograph (3, H, W)."""
    found = np.lib.stride_tricks.sliding_window_view(image, (side, side), axis=(1, 2))
    return found.transpose(1, 2, 0, 3, 4).reshape(-1, 3, side, side)


def test_every_pair_of_levels_is_blended_as_whole_numbers_are():
    ours, theirs = np.meshgrid(np.arange(256), np.arange(256))
    assert np.array_equal(blend(ours.astype(np.uint8), theirs.astype(np.uint8)), np.abs(ours - theirs))
    weak = blend(ours.astype(np.uint8), theirs.astype(np.uint8), 0.25)
    assert np.array_equal(weak, np.abs(ours - np.rint(theirs / 4)).astype(np.uint8))


def test_an_image_twice_blended_with_its_patch_is_a_digit_on_black():
    """||x - p| - p| = x wherever x is at least p: what is lost is only which of the two was brighter."""
    draw = np.random.default_rng(0)
    image, patch = (draw.integers(0, 256, (3, 9, 9), dtype=np.uint8) for _ in range(2))
    back = blend(image, patch).astype(int) + patch
    assert np.array_equal(back[image >= patch], image[image >= patch])


def test_digits_are_blended_with_patches_of_the_photographs(build, photographs):
    """Against the rule applied by hand: every image is |digit - patch| of exactly one place of one photograph."""
    plain = pixels_of(build(resolution=28, channels=3))
    textured = pixels_of(build(resolution=28, texture=str(photographs)))
    assert plain.shape == textured.shape == (1797, 3, 28, 28)
    assert np.array_equal(plain[:, 0], plain[:, 2])
    opened = [np.asarray(Image.open(path)).transpose(2, 0, 1) for path in sorted(photographs.iterdir())]
    patches = np.concatenate([windows(image.astype(int), 28) for image in opened])
    used = [(np.abs(plain[k] - patches) == textured[k]).all((1, 2, 3)) for k in range(40)]
    assert all(found.sum() == 1 for found in used)
    assert len({int(found.argmax()) for found in used}) > 20


def test_photographs_are_chosen_evenly_and_cut_anywhere(photographs):
    images = [np.asarray(Image.open(path)).transpose(2, 0, 1) for path in sorted(photographs.iterdir())]
    marked = [np.full_like(image, k) for k, image in enumerate(images)]
    draw = np.random.default_rng(0)
    chosen = [int(Photographs(marked).patch((3, 28, 28), draw)[0, 0, 0]) for _ in range(3000)]
    assert np.abs(np.bincount(chosen) / 3000 - 1 / 3).max() < 0.04
    ramp = np.broadcast_to(np.arange(50, dtype=np.uint8), (3, 40, 50))
    lefts = {int(Photographs([ramp]).patch((3, 28, 28), draw)[0, 0, 0]) for _ in range(500)}
    assert lefts == set(range(23))


def test_smooth_patches_are_smooth_coloured_and_differ():
    draw = np.random.default_rng(0)
    patches = np.stack([SmoothTexture().patch((3, 32, 32), draw) for _ in range(200)]).astype(float)
    assert patches.std() > 50
    neighbours = np.abs(np.diff(patches, axis=3)).mean()
    assert neighbours < 0.15 * np.abs(patches[1:] - patches[:-1]).mean()
    assert np.abs(patches[:, 0] - patches[:, 1]).mean() > 40
    assert 110 < patches.mean() < 145


def test_the_seed_and_the_place_decide_the_patch():
    black = np.zeros((3, 16, 16), np.uint8)
    one, other = (Texturing(SmoothTexture(), seed) for seed in (0, 1))
    assert np.array_equal(one.blended(black, 3), one.blended(black, 3))
    assert not np.array_equal(one.blended(black, 3), one.blended(black, 4))
    assert not np.array_equal(one.blended(black, 3), other.blended(black, 3))
    assert one.fingerprint() != other.fingerprint() != Texturing(SmoothTexture(), 0, 0.5).fingerprint()


def test_fingerprints_follow_seed_strength_and_photographs(build, table, photographs):
    for fields in ({}, {"source": "table", "path": str(table), "resolution": 6, "resize": "crop"}):
        for kept in ({}, {"memory_limit": 0, "workers": 0}) if fields else ({},):
            textures = [
                {},
                {"texture": "smooth"},
                {"texture": "smooth", "texture_seed": 1},
                {"texture": "smooth", "texture_strength": 0.5},
            ] + ([] if kept else [{"texture": str(photographs)}])
            prints = [build(**fields, **kept, **{"channels": 3, **each}).fingerprint() for each in textures]
            again = [build(**fields, **kept, **{"channels": 3, **each}).fingerprint() for each in textures]
            assert prints == again
            assert len(set(prints)) == len(prints)


def test_a_streamed_set_has_the_texture_of_the_set_in_memory(build, table):
    fields = {"source": "table", "path": str(table), "texture": "smooth"}
    assert np.array_equal(pixels_of(build(**fields)), pixels_of(build(**fields, memory_limit=0, workers=0)))
    assert not np.array_equal(pixels_of(build(**fields)), pixels_of(build(**fields, texture_seed=1)))


def test_splits_get_different_patches(build, table):
    """The same three images stand at the head of both splits."""
    fields = {"source": "table", "path": str(table), "split": "test"}
    plain, textured = pixels_of(build(**fields)), pixels_of(build(**fields, texture="smooth"))
    fields["split"] = "train"
    assert np.array_equal(pixels_of(build(**fields))[:3], plain)
    assert not np.array_equal(pixels_of(build(**fields, texture="smooth"))[:3], textured)


def test_grey_patches_for_grey_images(build, photographs):
    for texture in ("smooth", str(photographs)):
        assert build(texture=texture, channels=1).example_shape == (1, 8, 8)
    assert build(texture="smooth").example_shape == (3, 8, 8)


def test_mnist_m_from_mnist_and_photographs(build, shared_data):
    fields = {"source": "table", "path": str(shared_data("mnist")), "split": "test"}
    plain = pixels_of(build(**fields, channels=3))
    source = build(**fields, texture=str(shared_data("bsds500")))
    textured = pixels_of(source)
    assert textured.shape == (10_000, 3, 28, 28)
    # Where the digit is black the patch shows as it is; where it is white, inverted.
    black, white = textured[plain == 0], textured[plain == 255]
    assert 60 < black.mean() < 140
    assert 255 - white.mean() == pytest.approx(black.mean(), abs=6)
    assert source.classes == tuple("0123456789")


@pytest.mark.parametrize("name", ["none-here", "photographs/0.png"])
def test_a_texture_that_is_not_there_is_one_sentence(build, photographs, name):
    with pytest.raises(UserError, match=r"There is no folder or archive .*set data\.texture to none, to smooth"):
        build(texture=str(photographs.parent / name))


def test_photographs_that_are_too_small_too_many_or_broken(build, photographs, table, tmp_path):
    with pytest.raises(UserError, match=r"'2\.png' is 28 x 28 pixels, smaller than the images of 29 x 29"):
        build(texture=str(photographs), resolution=29)
    with pytest.raises(UserError, match=r"more than data\.memory_limit, 0 MiB"):
        build(source="table", path=str(table), memory_limit=0, texture=str(photographs), resolution=8, resize="crop")
    (photographs / "0.png").write_bytes(b"no image")
    with pytest.raises(UserError, match=r"1 of 3 images cannot be read.*'0\.png'"):
        build(texture=str(photographs))
    with pytest.warns(DataWarning, match="1 of 3 images cannot be read"):
        build(
            source="table", path=str(table), texture=str(photographs), resolution=8, resize="crop", max_unreadable=0.4
        )
    (tmp_path / "empty").mkdir()
    with pytest.raises(UserError, match=r"There are no images below .*empty"):
        build(texture=str(tmp_path / "empty"))


def test_photographs_from_an_archive_are_those_of_the_folder(build, photographs, tmp_path):
    import zipfile

    with zipfile.ZipFile(tmp_path / "all.zip", "w") as archive:
        for path in sorted(photographs.iterdir()):
            archive.write(path, path.name)
    assert build(texture=str(tmp_path / "all.zip")).fingerprint() == build(texture=str(photographs)).fingerprint()


def test_settings_of_a_texture_without_one_are_reported(build):
    with pytest.warns(IgnoredSettingWarning, match="texture_seed=3 is ignored because texture is 'none'"):
        build(texture_seed=3)
    with pytest.warns(IgnoredSettingWarning, match="texture='smooth' is ignored because source is 'ring'"):
        build(source="ring", texture="smooth")


def test_digits_are_enlarged_as_pillow_enlarges_them(build):
    small, large = pixels_of(build()), pixels_of(build(resolution=32))
    expected = Image.fromarray(small[7, 0].astype(np.uint8)).resize((32, 32), Image.Resampling.BICUBIC)
    assert np.array_equal(large[7, 0], np.asarray(expected))
    file = io.BytesIO()
    expected.save(file, "png")
    assert build(channels=3).example_shape == (3, 8, 8)
