"""The tutorial's pair: parameter counts by hand from the notebook's layers, shapes level by level, dropout."""

import pytest
import torch
from torch import nn

from equipoise.config import NetworkSettings
from equipoise.core.errors import IgnoredSettingWarning
from equipoise.networks import build_networks, dropouts
from equipoise.networks.dropout import Dropout


def build(shape, latent_dim=128, **settings):
    settings = NetworkSettings(architecture="dcgan-5x5", **settings)
    return build_networks(settings, shape, latent_dim, torch.Generator().manual_seed(0))


def count(network):
    return sum(parameter.numel() for parameter in network.parameters())


def test_the_notebook_s_pair_at_28_pixels():
    # gen: 128*12544 dense, 2*12544 of its norm, 25*(256*128 + 128*64 + 64*1), 2*(128 + 64) of the norms.
    # disc: 25*(1*64 + 64*128), 2*(64 + 128) of the norms, 128*7*7 + 1; the notebook has 64 + 128 more, biases that its
    # norms take away again.
    disc, gen = build((1, 28, 28))
    assert count(gen) == 128 * 12544 + 2 * 12544 + 25 * (256 * 128 + 128 * 64 + 64) + 2 * 192
    assert count(disc) == 25 * (64 + 64 * 128) + 2 * 192 + 128 * 49 + 1


def test_the_paper_s_pair_at_32_pixels():
    disc, gen = build((3, 32, 32))
    assert count(gen) == 128 * 4096 + 2 * 4096 + 25 * 256 * 128 + 16 * (128 * 64 + 64 * 3) + 2 * 192
    assert count(disc) == 25 * (3 * 64 + 64 * 128 + 128 * 256) + 2 * 448 + 256 * 16 + 1


@pytest.mark.parametrize(
    ("shape", "gen_sizes", "disc_sizes"),
    [((1, 28, 28), [7, 14, 28], [14, 7]), ((3, 32, 32), [8, 16, 32], [16, 8, 4])],
)
def test_heights_level_by_level(shape, gen_sizes, disc_sizes):
    disc, gen = build(shape, width=4)
    heights = {nn.ConvTranspose2d: [], nn.Conv2d: []}
    for network in (disc, gen):
        for layer in network.modules():
            if type(layer) in heights:
                layer.register_forward_hook(lambda layer, inputs, output: heights[type(layer)].append(output.shape[-1]))
    disc(gen(torch.randn(2, 128)))
    assert heights == {nn.ConvTranspose2d: gen_sizes, nn.Conv2d: disc_sizes}


def test_dropout_follows_every_convolution_of_the_discriminator_alone():
    disc, gen = build((3, 32, 32), width=4, dropout=0.3)
    assert [layer.rate for layer in dropouts(disc)] == [0.3] * 3
    assert not dropouts(gen)
    examples = torch.randn(4, 3, 32, 32)
    assert not torch.equal(disc(examples), disc(examples))
    disc.eval()
    assert torch.equal(disc(examples), disc(examples))


def test_dropout_keeps_the_mean_and_draws_from_its_own_generator():
    layer, ones = Dropout(0.3), torch.ones(100_000)
    layer.generator = torch.Generator().manual_seed(0)
    state = torch.get_rng_state()
    dropped = layer(ones)
    assert torch.equal(torch.get_rng_state(), state)
    assert (dropped == 0).float().mean().item() == pytest.approx(0.3, abs=0.01)
    assert dropped.mean().item() == pytest.approx(1.0, abs=0.01)
    layer.generator.manual_seed(0)
    assert torch.equal(layer(ones), dropped)
    assert layer.eval()(ones) is ones


def test_dropout_of_another_architecture_is_reported():
    with pytest.warns(IgnoredSettingWarning, match=r"dropout=0\.3 is ignored because architecture is 'dcgan'"):
        NetworkSettings(dropout=0.3)
