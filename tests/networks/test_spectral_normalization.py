"""Spectral normalisation, checked by singular values and not by its own power iteration."""

import pytest
import torch
from torch import nn
from torch.nn.utils.parametrize import is_parametrized

from equipoise.config import NetworkSettings
from equipoise.networks import ARCHITECTURES, build_networks

SHAPES = {
    **{"mlp": (2,), "dcgan": (3, 28, 28), "dcgan-5x5": (3, 32, 32), "sngan": (3, 32, 32), "wgan-gp": (3, 32, 32)},
    "text": (5, 8),
}


def build(name, disc_norm="spectral"):
    settings = NetworkSettings(architecture=name, width=6, disc_norm=disc_norm, gen_norm="none")
    return build_networks(settings, SHAPES[name], 5, torch.Generator().manual_seed(0))


def matrices(network):
    return [
        layer
        for layer in network.modules()
        if isinstance(layer, nn.Conv1d | nn.Conv2d | nn.ConvTranspose2d | nn.Linear)
    ]


def largest_singular_value(layer):
    return torch.linalg.svdvals(layer.weight.flatten(1))[0].item()


@pytest.mark.parametrize("name", ARCHITECTURES)
def test_every_weight_reaches_norm_one(name):
    disc = build(name).disc
    with torch.no_grad():
        for layer in matrices(disc):
            layer.parametrizations.weight.original.mul_(3)  # as if trained: the first estimates no longer hold
        for _ in range(300):
            disc(torch.zeros(2, *SHAPES[name]))
        disc.eval()
        norms = [largest_singular_value(layer) for layer in matrices(disc)]
    assert norms == pytest.approx([1.0] * len(norms), abs=1e-3)


@pytest.mark.parametrize("name", ARCHITECTURES)
def test_without_it_the_norms_are_not_one(name):
    # Any, not all: Glorot's weights of a square convolution have norms near one by themselves.
    assert any(abs(largest_singular_value(layer) - 1) > 0.01 for layer in matrices(build(name, "none").disc))


@pytest.mark.parametrize("name", ARCHITECTURES)
def test_only_the_discriminator_is_wrapped(name):
    disc, gen = build(name)
    assert all(is_parametrized(layer, "weight") for layer in matrices(disc))
    assert not any(is_parametrized(layer) for layer in gen.modules())


def test_a_forward_pass_iterates_in_training_mode_only():
    disc = build("mlp").disc
    points = torch.randn(4, 2, generator=torch.Generator().manual_seed(0))
    with torch.no_grad():
        first, second = disc(points), disc(points)
        assert not torch.equal(first, second)
        disc.eval()
        assert torch.equal(disc(points), disc(points))
