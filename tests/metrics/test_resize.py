"""Each resize rule pixel by pixel against an independent statement of it."""

import typing

import numpy as np
import pytest
import torch
from PIL import Image

from equipoise.config.evaluation import ResizeName
from equipoise.core.errors import UserError
from equipoise.metrics.resize import RESIZE_RULES, resize_rule

SIZE = 299


def natural_pixels(size, seed=0, colours=3):
    """Images of a 1/f spectrum in whole numbers from 0 to 255, (1, C, H, W), as photographs have it."""
    random = np.random.default_rng(seed)
    height, width = size
    frequency = np.hypot(np.fft.fftfreq(height)[:, None], np.fft.fftfreq(width)[None])
    spectrum = np.fft.fft2(random.normal(size=(colours, height, width))) / np.maximum(frequency, 1 / max(size))
    image = np.fft.ifft2(spectrum).real
    image = (image - image.mean()) / image.std() * 60 + 128
    return torch.from_numpy(np.clip(np.rint(image), 0, 255))[None]


def resized_pixels(rule, pixels, dtype=torch.float32):
    images = (pixels / 127.5 - 1).to(dtype)
    return (RESIZE_RULES[rule].resized(images, SIZE).double() + 1) * 127.5


@pytest.mark.parametrize("size", [(32, 32), (256, 256), (512, 340), (1024, 1024), (300, 17)])
def test_clean_is_pillows_bicubic_filter_on_floats(size):
    pixels = natural_pixels(size)
    planes = [Image.fromarray(plane.numpy().astype(np.float32)) for plane in pixels[0]]
    expected = np.stack(
        [np.asarray(plane.resize((SIZE, SIZE), Image.Resampling.BICUBIC)).clip(0, 255) for plane in planes]
    )
    difference = np.abs(resized_pixels("clean", pixels)[0].numpy() - expected).max()
    assert difference < 2e-3  # of 255 grey levels


def test_clean_clips_what_the_filter_overshoots():
    pixels = torch.zeros(1, 1, 32, 32, dtype=torch.float64)
    pixels[..., 16:] = 255
    resized = resized_pixels("clean", pixels)
    assert resized.min() >= 0
    assert resized.max() <= 255


def tf1_by_loops(plane, size):
    """TensorFlow 1's ResizeBilinear without align_corners, one output pixel after the other, as its kernel has it."""
    height, width = plane.shape
    down, across = np.float32(height) / np.float32(size), np.float32(width) / np.float32(size)
    result = np.empty((size, size))
    for y in range(size):
        top, y_part = int(np.float32(y) * down), float(np.float32(y) * down) % 1
        for x in range(size):
            left, x_part = int(np.float32(x) * across), float(np.float32(x) * across) % 1
            bottom, right = min(top + 1, height - 1), min(left + 1, width - 1)
            above = plane[top, left] * (1 - x_part) + plane[top, right] * x_part
            below = plane[bottom, left] * (1 - x_part) + plane[bottom, right] * x_part
            result[y, x] = above * (1 - y_part) + below * y_part
    return result


@pytest.mark.parametrize("size", [(32, 32), (256, 340), (400, 31)])
def test_tf1_is_tensorflows_formula(size):
    pixels = natural_pixels(size, colours=1)
    difference = np.abs(
        resized_pixels("tf1", pixels, torch.float64)[0, 0].numpy() - tf1_by_loops(pixels[0, 0].numpy(), SIZE)
    )
    assert difference.max() < 1e-9


def test_tf1_as_tensorflow_documents_it():
    # A 2 x 2 image to 4 x 4: positions 0, 1/2, 1, 3/2, the last beyond the edge and therefore its pixel.
    image = torch.tensor([[[[0.0, 1.0], [2.0, 3.0]]]])
    expected = [[0, 0.5, 1, 1], [1, 1.5, 2, 2], [2, 2.5, 3, 3], [2, 2.5, 3, 3]]
    assert RESIZE_RULES["tf1"].resized(image, 4)[0, 0].tolist() == expected


def test_pytorch_fid_reads_between_pixel_centres():
    # A ramp to twice its width: positions -1/4 (the edge), 1/4, 3/4, 5/4 ...
    ramp = torch.arange(4.0).expand(1, 1, 4, 4)
    expected = [0, 0.25, 0.75, 1.25, 1.75, 2.25, 2.75, 3]
    assert RESIZE_RULES["pytorch-fid"].resized(ramp, 8)[0, 0, 3].tolist() == expected


@pytest.mark.parametrize(
    ("rule", "black", "white"), [("tf1", -1, 127 / 128), ("clean", -1, 127 / 128), ("pytorch-fid", -1, 1)]
)
def test_the_scale_of_each_rule(rule, black, white):
    scaled = RESIZE_RULES[rule].as_network_input(torch.tensor([-1.0, 1.0], dtype=torch.float64))
    torch.testing.assert_close(scaled, torch.tensor([black, white], dtype=torch.float64), rtol=0, atol=1e-15)


@pytest.mark.parametrize("rule", RESIZE_RULES)
def test_an_image_of_the_right_size_is_left_alone(rule):
    pixels = natural_pixels((SIZE, SIZE))
    images = pixels / 127.5 - 1
    assert torch.equal(RESIZE_RULES[rule].resized(images, SIZE), images)


@pytest.mark.parametrize("rule", RESIZE_RULES)
def test_flat_images_stay_flat(rule):
    images = torch.full((1, 3, 57, 83), 0.3, dtype=torch.float64)
    torch.testing.assert_close(
        RESIZE_RULES[rule].resized(images, SIZE), torch.full((1, 3, SIZE, SIZE), 0.3, dtype=torch.float64)
    )


def test_rules_differ_in_grey_levels():
    pixels = natural_pixels((512, 512))
    tf1, clean = resized_pixels("tf1", pixels), resized_pixels("clean", pixels)
    assert (tf1 - clean).abs().max() > 10


def test_the_settings_know_the_same_rules():
    assert set(RESIZE_RULES) == set(typing.get_args(ResizeName))


def test_an_unknown_rule_is_told_the_nearest():
    with pytest.raises(UserError, match="did you mean 'clean'"):
        resize_rule("claen")
