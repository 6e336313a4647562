"""The resize rule of a network goes with every number that is measured in it."""

import pytest
import torch

from equipoise.core.errors import UserError
from equipoise.metrics import Moments, Protocol
from equipoise.metrics.resize import resize_rule
from equipoise.training import compare


class Coarse:
    """The 16 pixels of grey images at 4 x 4, by a rule."""

    name, dimension, example_shape, weights_hash = "coarse", 16, None, "none"

    def __init__(self, resize):
        self.resize = resize

    def __call__(self, examples):
        return resize_rule(self.resize).resized(examples.float(), 4).flatten(1)


# In whole grey levels, since a comparison rounds what it sees to them.
IMAGES = torch.randint(0, 256, (40, 1, 9, 9), generator=torch.Generator().manual_seed(0)) / 127.5 - 1


def test_it_stands_in_the_protocol_of_a_comparison():
    clean, tf1 = (compare(IMAGES, IMAGES / 2, Coarse(rule)) for rule in ("clean", "tf1"))
    assert (clean.protocol["resize"], tf1.protocol["resize"]) == ("clean", "tf1")
    assert clean.values["fd"] != tf1.values["fd"]


def test_moments_of_another_rule_refuse():
    network = Coarse("clean")
    reference = Moments.from_features(network(IMAGES), Protocol.of(network))
    assert compare(IMAGES, reference, network).values["fd"] == pytest.approx(0, abs=1e-9)
    with pytest.raises(UserError, match="the resize rule"):
        compare(IMAGES, reference, Coarse("tf1"))


def test_a_rule_for_features_that_do_not_resize_is_refused():
    with pytest.raises(UserError, match="'digits' resize no images"):
        compare(torch.zeros(3, 1, 8, 8), torch.zeros(3, 1, 8, 8), "digits", resize="clean")
