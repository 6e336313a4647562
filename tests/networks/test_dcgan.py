"""DCGAN: parameter counts by hand, layers by shape, first weights by their statistics."""

import pytest
import torch
from torch import nn

from equipoise.config import NetworkSettings
from equipoise.networks import build_networks


def build(shape, latent_dim, **settings):
    settings = NetworkSettings(architecture="dcgan", **settings)
    return build_networks(settings, shape, latent_dim, torch.Generator().manual_seed(0))


def count(network):
    return sum(parameter.numel() for parameter in network.parameters())


def test_the_published_pair_at_64_pixels():
    # gen: 100*512*16 + 512*256*16 + 256*128*16 + 128*64*16 + 64*3*16 weights, 2*(512 + 256 + 128 + 64) of batch norm.
    # disc: 3*64*16 + 64*128*16 + 128*256*16 + 256*512*16 + 512*16 weights, 2*(128 + 256 + 512) of batch norm.
    disc, gen = build((3, 64, 64), 100, width=64)
    assert (count(disc), count(gen)) == (2_765_568, 3_576_704)


@pytest.mark.parametrize(
    ("size", "num_colours", "disc_norm", "gen_norm", "num_disc", "num_gen"),
    [
        # disc: 1*16*16 + 16*32*16 + 2*32 of the norm + 32*4; gen: 32*32*4 + 2*32 + 32*16*16 + 2*16 + 16*1*16.
        (8, 1, "batch", "batch", 8_640, 12_640),
        # disc: 3*16*16 + 16*32*16 + 2*32 of the norm + 32*16; gen: 32*32*16 + 2*32 + 32*16*16 + 2*16 + 16*3*16.
        (16, 3, "layer", "layer", 9_536, 25_440),
        # disc: 1*16*16 + 16*32*16 + 2*32 + 32*49; gen: 32*32*49 + 2*32 + 32*16*16 + 2*16 + 16*1*16.
        (28, 1, "batch", "batch", 10_080, 58_720),
        # Without norms: biases 16 + 32 for 2*32 of the norm in disc; 16 for 2*32 + 2*16 of the norms in gen.
        (28, 1, "none", "none", 10_064, 58_640),
        (28, 1, "spectral", "batch", 10_064, 58_720),
        # disc: 16*(3*16 + 16*32 + 32*64) + 2*(32 + 64) + 64*16;
        # gen: 32*64*16 + 16*(64*32 + 32*16 + 16*3) + 2*(64 + 32 + 16).
        (32, 3, "batch", "batch", 42_944, 74_720),
    ],
)
def test_counts_by_hand(size, num_colours, disc_norm, gen_norm, num_disc, num_gen):
    disc, gen = build((num_colours, size, size), 32, width=16, disc_norm=disc_norm, gen_norm=gen_norm)
    assert (count(disc), count(gen)) == (num_disc, num_gen)


@pytest.mark.parametrize(("size", "base", "widths"), [(8, 2, [5, 10]), (28, 7, [5, 10]), (64, 4, [5, 10, 20, 40])])
def test_each_level_halves_the_image_and_doubles_the_width(size, base, widths):
    disc, gen = build((3, size, size), 9, width=5)
    *convolutions, last = [layer for layer in disc.modules() if isinstance(layer, nn.Conv2d)]
    assert [layer.out_channels for layer in convolutions] == widths
    transposed = [layer for layer in gen.modules() if isinstance(layer, nn.ConvTranspose2d)]
    assert [layer.in_channels for layer in transposed] == [9, *widths[::-1]]
    assert last.weight.shape == (1, widths[-1], base, base)


@pytest.mark.parametrize("layout", [torch.contiguous_format, torch.channels_last])
def test_first_and_last_layers_are_the_published_convolutions(layout):
    disc, gen = (
        net.double().to(memory_format=layout)
        for net in build((3, 28, 28), 6, width=4, disc_norm="none", gen_norm="none")
    )
    random = torch.Generator().manual_seed(0)
    latents = torch.randn(5, 6, 1, 1, generator=random, dtype=torch.float64)
    first, last = gen.layers[0], disc.layers[-1]
    made = first(latents.flatten(1))
    torch.testing.assert_close(made, nn.functional.conv_transpose2d(latents, first.weight))
    assert made.is_contiguous(memory_format=layout)
    features = torch.randn(5, 8, 7, 7, generator=random, dtype=torch.float64).contiguous(memory_format=layout)
    torch.testing.assert_close(last(features), nn.functional.conv2d(features, last.weight).flatten(1))
    (slopes,) = torch.autograd.grad(last(features.requires_grad_()).sum(), features)
    assert slopes.is_contiguous(memory_format=layout)


def test_batch_normalisation_everywhere_but_next_to_the_image():
    disc, gen = build((3, 64, 64), 100, width=4)
    kinds = [type(layer).__name__ for layer in disc.layers]
    assert kinds[:3] == ["Conv2d", "LeakyReLU", "Conv2d"]
    assert kinds.count("BatchNorm2d") == 3
    assert [type(layer).__name__ for layer in gen.layers][-3:] == ["ReLU", "ConvTranspose2d", "Tanh"]
    assert sum(isinstance(layer, nn.BatchNorm2d) for layer in gen.modules()) == 4
    assert {layer.negative_slope for layer in disc.modules() if isinstance(layer, nn.LeakyReLU)} == {0.2}


@pytest.mark.parametrize("norm", ["batch", "layer"])
def test_first_weights(norm):
    for network in build((3, 32, 32), 64, width=32, disc_norm=norm, gen_norm=norm):
        for layer in network.modules():
            if isinstance(layer, nn.Conv2d | nn.ConvTranspose2d | nn.Linear):
                # Standard error of the deviation of n normal draws: 0.02 / sqrt(2 n); at least 512 weights each.
                assert layer.weight.std().item() == pytest.approx(0.02, rel=5 / (2 * layer.weight.numel()) ** 0.5)
                assert abs(layer.weight.mean().item()) < 5 * 0.02 / layer.weight.numel() ** 0.5
            elif isinstance(layer, nn.BatchNorm2d | nn.GroupNorm):
                assert layer.weight.mean().item() == pytest.approx(1, abs=5 * 0.02 / len(layer.weight) ** 0.5)
                assert 0.01 < layer.weight.std().item() < 0.03
                assert (layer.bias == 0).all()


def test_biases_start_at_zero():
    disc, _ = build((3, 32, 32), 64, width=8, disc_norm="none")
    biases = [value for key, value in disc.named_parameters() if key.endswith("bias")]
    assert len(biases) == 3
    assert all((bias == 0).all() for bias in biases)
