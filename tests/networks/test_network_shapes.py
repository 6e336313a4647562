"""Examples that an architecture cannot make are refused in one sentence that says what to do."""

import pytest
import torch

from equipoise.config import NetworkSettings
from equipoise.core.errors import UserError
from equipoise.networks import build_networks


@pytest.mark.parametrize(
    ("name", "shape", "sentence"),
    [
        (
            "dcgan",
            (3, 50, 50),
            "dcgan makes images of 8, 16, 28, 32 or 64 pixels, but the data have 50 x 50; "
            "set data.resolution to 64 and data.resize to crop.",
        ),
        (
            "dcgan",
            (3, 32, 28),
            "dcgan makes images of 8, 16, 28, 32 or 64 pixels, but the data have 32 x 28; "
            "set data.resolution to 32 and data.resize to crop.",
        ),
        (
            "dcgan",
            (1, 256, 256),
            "dcgan makes images of 8, 16, 28, 32 or 64 pixels, but the data have 256 x 256; "
            "set data.resolution to 64 and data.resize to crop.",
        ),
        # Halfway between two sizes the larger is suggested, which throws no pixels away.
        (
            "dcgan",
            (1, 48, 48),
            "dcgan makes images of 8, 16, 28, 32 or 64 pixels, but the data have 48 x 48; "
            "set data.resolution to 64 and data.resize to crop.",
        ),
        # Where another architecture makes images of the size that the data have, it is named.
        (
            "sngan",
            (1, 28, 28),
            "sngan makes images of 32 pixels, but the data have 28 x 28; "
            "set data.resolution to 32 and data.resize to crop, or network.architecture to dcgan.",
        ),
        (
            "wgan-gp",
            (2,),
            "wgan-gp makes images, but the data are points of 2 coordinates; set network.architecture to mlp.",
        ),
        (
            "mlp",
            (3, 32, 32),
            "mlp makes points, but the data are images of 32 x 32 pixels; set network.architecture to dcgan.",
        ),
        ("mlp", (3, 4), "mlp makes points, but the data are lines of 4 symbols; set network.architecture to text."),
        (
            "text",
            (3, 32, 32),
            "text makes lines of text, but the data are images of 32 x 32 pixels; set network.architecture to dcgan.",
        ),
        (
            "dcgan",
            (1, 3, 32, 32),
            "The data have shape (1, 3, 32, 32); give points (D,), text (symbols, length) or images "
            "(channels, height, width).",
        ),
    ],
)
def test_sentence(name, shape, sentence):
    with pytest.raises(UserError) as caught:
        build_networks(NetworkSettings(architecture=name), shape, 10, torch.Generator())
    assert str(caught.value) == sentence
