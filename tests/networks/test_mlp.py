"""The fully connected pair: counts by hand, normalisations, first weights."""

import pytest
import torch
from torch import nn

from equipoise.config import NetworkSettings
from equipoise.networks import build_networks


def build(latent_dim=16, num_coordinates=2, **settings):
    settings = NetworkSettings(architecture="mlp", **settings)
    return build_networks(settings, (num_coordinates,), latent_dim, torch.Generator().manual_seed(0))


def count(network):
    return sum(parameter.numel() for parameter in network.parameters())


@pytest.mark.parametrize(
    ("depth", "disc_norm", "gen_norm", "num_disc", "num_gen"),
    [
        # disc: (2*64 + 64) + 2*(64*64 + 64) + (64 + 1); gen: (16*64 + 64) + 2*(64*64 + 64) + (64*2 + 2).
        (3, "none", "none", 8_577, 9_538),
        (3, "spectral", "none", 8_577, 9_538),
        # Three biases of 64 become three gains and shifts of 64 each.
        (3, "layer", "batch", 8_577 + 3 * 64, 9_538 + 3 * 64),
        # disc: (2*64 + 64) + (64 + 1); gen: (16*64 + 64) + (64*2 + 2).
        (1, "none", "none", 257, 1_218),
    ],
)
def test_counts_by_hand(depth, disc_norm, gen_norm, num_disc, num_gen):
    disc, gen = build(width=64, depth=depth, disc_norm=disc_norm, gen_norm=gen_norm)
    assert (count(disc), count(gen)) == (num_disc, num_gen)


@pytest.mark.parametrize(("norm", "kind"), [("batch", nn.BatchNorm1d), ("layer", nn.LayerNorm)])
def test_every_hidden_layer_is_normalised(norm, kind):
    for network in build(width=8, depth=4, disc_norm=norm, gen_norm=norm):
        assert sum(isinstance(layer, kind) for layer in network.modules()) == 4


def test_activations():
    disc, gen = build(width=8, depth=2)
    assert [layer.negative_slope for layer in disc.modules() if isinstance(layer, nn.LeakyReLU)] == [0.2, 0.2]
    assert sum(isinstance(layer, nn.ReLU) for layer in gen.modules()) == 2


def test_first_weights_and_biases_are_uniform_within_the_root_of_the_fan():
    for network in build(width=64, disc_norm="none", gen_norm="none"):
        for layer in (module for module in network.modules() if isinstance(module, nn.Linear)):
            bound = layer.in_features**-0.5
            for values in (layer.weight, layer.bias):
                assert (1 - 10 / values.numel()) * bound < values.abs().max() <= bound
