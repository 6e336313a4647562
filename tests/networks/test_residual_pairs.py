"""The SNGAN and WGAN-GP pairs: counts by hand, and the networks as published, written out plainly, in float64."""

import math

import pytest
import torch
import torch.nn.functional as F  # noqa: N812
from torch import nn

from equipoise.config import NetworkSettings
from equipoise.networks import build_networks


def build(name, width, latent_dim=16, num_colours=3, **norms):
    settings = NetworkSettings(architecture=name, width=width, **norms)
    return build_networks(settings, (num_colours, 32, 32), latent_dim, torch.Generator().manual_seed(0))


def count(network):
    return sum(parameter.numel() for parameter in network.parameters())


def test_the_published_sngan_generator():
    # Linear 128*4096 + 4096; three blocks of 2*512 (norms) + 2*(9*256^2 + 256) + (256^2 + 256);
    # last norm 512; 9*256*3 + 3.
    _, gen = build("sngan", 256, latent_dim=128, disc_norm="none")
    assert count(gen) == 4_276_739


@pytest.mark.parametrize(
    ("name", "norm", "num_disc"), [("sngan", "spectral", 1_053_824), ("wgan-gp", "none", 1_053_825)]
)
def test_the_published_discriminators(name, norm, num_disc):
    # First block (27*128 + 128) + (9*128^2 + 128) + (3*128 + 128); second 2*(9*128^2 + 128) + (128^2 + 128);
    # two plain ones 2*(9*128^2 + 128) each; the last layer 128, for WGAN-GP with a bias.
    disc, _ = build(name, 128, disc_norm=norm)
    assert count(disc) == num_disc


def test_the_published_wgan_gp_generator():
    # Linear 128*2048 + 2048; three blocks of 2*256 + 2*(9*128^2 + 128) + (128^2 + 128); 256; 27*128 + 3.
    _, gen = build("wgan-gp", 128, latent_dim=128, disc_norm="none")
    assert count(gen) == 1204483


def test_three_blocks_of_the_discriminator_are_normalised():
    # Two norms in each, of 8 gains and 8 shifts.
    plain, layered = (build("wgan-gp", 8, disc_norm=norm).disc for norm in ("none", "layer"))
    assert count(layered) - count(plain) == 3 * 2 * 16


# The published discriminator and generator, one line a layer, from the weights of ours.


def pooled(images):
    return F.avg_pool2d(images, 2)


def doubled(images):
    return images.repeat_interleave(2, 2).repeat_interleave(2, 3)


def convolved(layer, images):
    return F.conv2d(images, layer.weight, layer.bias, padding=layer.weight.shape[-1] // 2)


def published_residual(block, images, resize_first=lambda x: x):
    norm1, _, conv1, norm2, _, conv2 = block.residual
    hidden = convolved(conv1, resize_first(norm1(images).relu()))
    return convolved(conv2, norm2(hidden).relu())


def published_disc(disc, images, pool):
    first, down, *plain = disc.layers[:4]
    conv1, _, conv2 = first.residual
    features = pooled(convolved(conv2, convolved(conv1, images).relu()))
    features = features + convolved(first.shortcut[1], pooled(images))
    features = pooled(published_residual(down, features)) + pooled(convolved(down.shortcut[1], features))
    for block in plain:
        features = published_residual(block, features) + features
    last = disc.layers[-1]
    return F.linear(pool(features.relu()), last.weight, last.bias).flatten()


def published_gen(gen, latents):
    linear, _, *blocks, norm, _, conv, _ = gen.layers
    images = F.linear(latents, linear.weight, linear.bias).reshape(len(latents), -1, 4, 4)
    for block in blocks:
        images = published_residual(block, images, doubled) + convolved(block.shortcut[0], doubled(images))
    return convolved(conv, norm(images).relu()).tanh()


POOLS = {"sngan": lambda x: x.sum((2, 3)), "wgan-gp": lambda x: x.mean((2, 3))}


@pytest.mark.parametrize("name", POOLS)
@pytest.mark.parametrize("norm", ["none", "layer", "batch", "spectral"])
def test_the_discriminator_is_the_published_one(name, norm):
    disc = build(name, 6, disc_norm=norm).disc.double().eval()
    images = torch.randn(3, 3, 32, 32, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    torch.testing.assert_close(disc(images), published_disc(disc, images, POOLS[name]))


@pytest.mark.parametrize("name", POOLS)
@pytest.mark.parametrize("norm", ["none", "layer", "batch"])
def test_the_generator_is_the_published_one(name, norm):
    gen = build(name, 6, gen_norm=norm).gen.double().eval()
    latents = torch.randn(3, 16, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    torch.testing.assert_close(gen(latents), published_gen(gen, latents))


@pytest.mark.parametrize("name", POOLS)
def test_first_weights_are_glorot_uniform_with_a_larger_gain_in_the_residual_branches(name):
    for network in build(name, 16, latent_dim=64, disc_norm="layer"):
        for key, layer in network.named_modules():
            if isinstance(layer, nn.Conv2d | nn.Linear):
                fan_out, fan_in = (layer.weight[:, 0].numel(), layer.weight[0].numel())
                gain = math.sqrt(2) if ".residual." in key else 1
                bound = gain * math.sqrt(6 / (fan_in + fan_out))
                # The largest of n uniform draws is below (1 - 10/n) times the bound with probability exp(-10).
                assert (1 - 10 / layer.weight.numel()) * bound < layer.weight.abs().max() <= bound, key
                assert layer.bias is None or (layer.bias == 0).all()
