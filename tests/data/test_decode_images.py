"""Each kind of image becomes the pixels that a person who looks at it would expect."""

import io
from contextlib import suppress

import numpy as np
import pytest
import torch
from PIL import ExifTags, Image, ImageCms

from equipoise.data.decode import UnreadableImageError, WrongSizeError, decode, fit, header, is_grey, quiet, to_array


def stored(image, kind="png", **options):
    file = io.BytesIO()
    image.save(file, kind, **options)
    file.seek(0)
    return file


def pixels(file, channels=3):
    return np.asarray(decode(file, channels)).tolist()


RED, WHITE, BLACK = [255, 0, 0], [255, 255, 255], [0, 0, 0]


def test_colour_and_grey_are_kept():
    values = np.random.default_rng(0).integers(0, 256, (4, 5, 3), dtype=np.uint8)
    assert pixels(stored(Image.fromarray(values))) == values.tolist()
    assert pixels(stored(Image.fromarray(values[..., 0])), 1) == values[..., 0].tolist()
    assert pixels(stored(Image.fromarray(values[..., 0])), 3) == np.repeat(values[..., :1], 3, axis=2).tolist()


def test_colour_becomes_grey_by_luminance():
    (grey,) = pixels(stored(Image.fromarray(np.array([[RED, WHITE, BLACK]], dtype=np.uint8))), 1)
    assert grey == [76, 255, 0]  # 0.299 x 255


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("kind", ["png", "jpeg", "webp", "tiff"])
def test_orientation_is_applied(orientation, kind):
    """Stored so that a viewer sees a bright left half on a 16 x 8 image, with its upper left quarter the brightest."""
    seen = np.zeros((8, 16), dtype=np.uint8)
    seen[:, :8] = 128
    seen[:4, :8] = 255
    undo = {2: np.fliplr, 3: lambda a: np.rot90(a, 2), 4: np.flipud, 5: np.transpose, 6: lambda a: np.rot90(a, 1)}
    undo |= {7: lambda a: np.rot90(a, 2).T, 8: lambda a: np.rot90(a, -1)}
    exif = Image.Exif()
    exif[ExifTags.Base.Orientation] = orientation
    options = {"quality": 100} if kind in ("jpeg", "webp") else {}
    file = stored(
        Image.fromarray(np.ascontiguousarray(undo.get(orientation, np.asarray)(seen))), kind, exif=exif, **options
    )
    assert header(file) == (16, 8)
    file.seek(0)
    assert np.abs(np.asarray(decode(file, 1)).astype(int) - seen).max() <= 6


def test_broken_orientation_note_costs_nothing():
    file = stored(Image.new("RGB", (2, 2), "red"), "png", exif=b"Exif\0\0MM\0*\0\0\0\x08\xff\xff")
    assert pixels(file) == [[RED, RED], [RED, RED]]


def test_palette_is_looked_up():
    image = Image.new("P", (2, 1))
    image.putpalette([255, 0, 0, 0, 0, 0])
    image.putpixel((1, 0), 1)
    assert pixels(stored(image)) == [[RED, BLACK]]
    assert pixels(stored(image, "gif")) == [[RED, BLACK]]


@pytest.mark.parametrize("transparency", [1, bytes([255, 0])])
def test_transparent_palette_entry_is_white(transparency):
    image = Image.new("P", (2, 1))
    image.putpalette([255, 0, 0, 0, 0, 0])
    image.putpixel((1, 0), 1)
    assert pixels(stored(image, transparency=transparency)) == [[RED, WHITE]]


def test_alpha_is_laid_on_white():
    image = Image.new("RGBA", (3, 1), (255, 0, 0, 255))
    image.putpixel((1, 0), (255, 0, 0, 0))
    image.putpixel((2, 0), (0, 0, 0, 128))
    assert pixels(stored(image)) == [[RED, WHITE, [127, 127, 127]]]
    assert pixels(stored(image), 1) == [[76, 255, 127]]


def test_grey_with_alpha_is_laid_on_white_and_stays_grey():
    image = Image.new("LA", (2, 1), (10, 255))
    image.putpixel((1, 0), (0, 128))
    assert is_grey(stored(image))
    assert pixels(stored(image), 1) == [[10, 127]]


@pytest.mark.parametrize(("mode", "key", "shown"), [("RGB", (255, 0, 0), WHITE), ("L", 0, 255), ("1", 0, 255)])
def test_colour_declared_transparent_is_white(mode, key, shown):
    file = stored(Image.new(mode, (1, 1), key), transparency=key)
    assert pixels(file, 3 if mode == "RGB" else 1) == [[shown]]


def test_cmyk():
    file = stored(Image.new("CMYK", (1, 1), (0, 0, 0, 0)), "tiff")
    assert pixels(file) == [[WHITE]]
    file.seek(0)
    assert pixels(file, 1) == [[255]]
    assert pixels(stored(Image.new("CMYK", (1, 1), (0, 255, 255, 0)), "tiff")) == [[RED]]
    assert pixels(stored(Image.new("CMYK", (8, 8), (0, 0, 0, 255)), "jpeg"))[0][0] == BLACK


def test_lab_becomes_colour():
    lab = ImageCms.profileToProfile(
        Image.new("RGB", (1, 1), "red"), ImageCms.createProfile("sRGB"), ImageCms.createProfile("LAB"), outputMode="LAB"
    )
    (((red, green, blue),),) = pixels(stored(lab, "tiff"))
    assert red > 230
    assert max(green, blue) < 60


@pytest.mark.parametrize("kind", ["png", "tiff", "ppm"])
def test_16_bit_grey_is_scaled(kind):
    values = np.array([[0, 128, 129, 256, 257, 32768, 65535]], dtype=np.uint16)
    file = stored(Image.fromarray(values), kind)
    assert is_grey(file)
    file.seek(0)
    assert pixels(file, 1) == [[0, 0, 1, 1, 1, 128, 255]]  # v / 257 to the nearest


def test_16_bit_grey_in_both_byte_orders():
    values = np.array([[0, 257, 65535]], dtype=">u2")
    image = Image.frombytes("I;16B", (3, 1), values.tobytes())
    assert pixels(stored(image, "tiff"), 1) == [[0, 1, 255]]


def test_32_bit_and_floating_point_pixels_are_refused():
    with pytest.raises(UnreadableImageError, match="32-bit pixels"):
        decode(stored(Image.fromarray(np.array([[0, 70000]], dtype=np.int32)), "tiff"), 1)
    with pytest.raises(UnreadableImageError, match="floating-point pixels"):
        decode(stored(Image.fromarray(np.array([[0.0, 1.0]], dtype=np.float32)), "tiff"), 1)


def test_one_bit_is_black_and_white():
    image = Image.new("1", (2, 1))
    image.putpixel((1, 0), 1)
    for kind in ("png", "bmp", "tiff"):
        file = stored(image, kind)
        assert is_grey(file), kind
        file.seek(0)
        assert pixels(file, 1) == [[0, 255]], kind


@pytest.mark.parametrize("kind", ["gif", "png", "webp", "tiff"])
def test_the_first_frame_counts(kind):
    frames = [Image.new("RGB", (4, 4), colour) for colour in ("red", "blue")]
    options = {"lossless": True} if kind == "webp" else {}
    assert pixels(stored(frames[0], kind, save_all=True, append_images=frames[1:], **options))[0][0] == RED


def test_grey_is_told_from_colour_by_how_it_is_stored():
    ramp = Image.new("L", (2, 2)).convert("P")
    assert is_grey(stored(ramp, "gif"))
    assert not is_grey(stored(Image.new("RGB", (2, 2), "red").quantize(2), "gif"))
    assert not is_grey(stored(Image.new("RGB", (2, 2), "grey")))


@pytest.mark.parametrize("kind", ["png", "jpeg", "webp", "tiff", "gif", "bmp"])
def test_truncated_images_are_unreadable(kind):
    values = np.random.default_rng(0).integers(0, 256, (64, 64, 3), dtype=np.uint8)
    whole = stored(Image.fromarray(values), kind).getvalue()
    with pytest.raises(UnreadableImageError):
        decode(io.BytesIO(whole[: len(whole) // 2]), 3)


@pytest.mark.parametrize("content", [b"", b"\x89PNG\r\n\x1a\n", b"plain text", b"GIF89a", b"\xff\xd8\xff", bytes(100)])
def test_what_is_no_image_is_unreadable(content):
    for read in (lambda file: decode(file, 3), header, is_grey):
        with pytest.raises(UnreadableImageError):
            read(io.BytesIO(content))


def test_damage_anywhere_gives_pixels_or_a_reason():
    """Errors of any other class would end a run."""
    draws = np.random.default_rng(0)
    for kind in ("png", "jpeg", "gif", "tiff", "webp", "bmp"):
        whole = np.frombuffer(stored(Image.effect_noise((16, 16), 50).convert("RGB"), kind).getvalue(), dtype=np.uint8)
        for _ in range(150):
            damaged = whole.copy()
            damaged[draws.integers(0, len(damaged), 4)] = draws.integers(0, 256, 4)
            with quiet(), suppress(UnreadableImageError):
                decode(io.BytesIO(damaged.tobytes()), 3)


def test_decompression_bomb_is_named(monkeypatch):
    file = stored(Image.new("L", (30, 30)))
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 400)
    with pytest.raises(UnreadableImageError, match="900 pixels"):
        decode(file, 1)


def test_quiet_lets_no_warning_out(monkeypatch):
    file = stored(Image.new("L", (30, 30)))
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 800)  # above the limit but not twice: Pillow warns
    with quiet():
        assert decode(file, 1).size == (30, 30)
    file.seek(0)
    with pytest.raises(UnreadableImageError):  # warnings are errors here
        decode(file, 1)


def test_crop_scales_the_shorter_side_and_takes_the_centre():
    image = Image.fromarray(np.random.default_rng(0).integers(0, 256, (20, 60), dtype=np.uint8))
    expected = image.resize((30, 10), Image.Resampling.BICUBIC).crop((10, 0, 20, 10))
    assert np.array_equal(fit(image, 10, 10, "crop"), expected)
    upright = image.transpose(Image.Transpose.TRANSPOSE)
    assert np.array_equal(np.asarray(fit(upright, 10, 10, "crop")).T, expected)


def test_squash_scales_both_sides():
    values = np.zeros((20, 60), dtype=np.uint8)
    values[:, :30] = 255
    squashed = np.asarray(fit(Image.fromarray(values), 8, 8, "squash"))
    assert squashed.shape == (8, 8)
    assert squashed[:, :3].min() > 240
    assert squashed[:, 5:].max() < 15


def test_scaling_down_is_antialiased():
    board = np.indices((64, 64)).sum(0) % 2 * 255
    small = np.asarray(fit(Image.fromarray(board.astype(np.uint8)), 8, 8, "squash")).astype(int)
    assert np.abs(small[1:-1, 1:-1] - 127.5).max() < 3


def test_scaling_up_fills_the_size():
    assert fit(Image.new("L", (3, 5)), 16, 16, "crop").size == (16, 16)
    assert fit(Image.new("RGB", (3, 5)), 16, 16, "squash").size == (16, 16)


def test_another_size_is_refused_unless_asked():
    image = Image.new("L", (3, 5))
    assert fit(image, 3, 5, "none") is image
    with pytest.raises(WrongSizeError, match="is 3 x 5 pixels"):
        fit(image, 5, 3, "none")


def test_arrays_have_channels_first():
    assert to_array(Image.new("L", (3, 5))).shape == (1, 5, 3)
    values = np.random.default_rng(0).integers(0, 256, (5, 3, 3), dtype=np.uint8)
    assert torch.equal(torch.tensor(to_array(Image.fromarray(values))), torch.tensor(values).permute(2, 0, 1))
