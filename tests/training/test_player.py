"""A player's rate never compounds, and gradients of another memory layout reach the right entries."""

import pytest
import torch
from torch import nn

from equipoise.core.vectors import laid_out_like
from equipoise.training.average import MovingAverage
from equipoise.training.player import Player


def test_the_rate_in_force_is_base_times_decay_and_never_compounds():
    module = nn.Linear(1, 1)
    groups = [{"params": [module.weight], "lr": 0.1}, {"params": [module.bias], "lr": 0.4}]
    player = Player(module, torch.optim.SGD(groups), lambda step: 0.5**step)
    for step in (0, 1, 1, 3, 2):
        player.set_step(step)
        rates = [group["lr"] for group in player.optimizer.param_groups]
        assert rates == pytest.approx([0.1 * 0.5**step, 0.4 * 0.5**step])
    assert player.rate == pytest.approx(0.025)


def test_fused_updates_survive_a_gradient_of_another_layout():
    """torch's fused CPU kernels ignore strides; without the re-layout the update lands on the wrong weights."""
    torch.manual_seed(0)
    weight, gradient = torch.randn(4, 3, 2, 2), torch.randn(4, 3, 2, 2)

    def updated(memory_format):
        module = nn.Module()
        module.weight = nn.Parameter(weight.clone(memory_format=memory_format))
        player = Player(module, torch.optim.Adam(module.parameters(), lr=0.1, fused=True), lambda step: 1.0)
        for _ in range(2):
            player.apply((gradient.contiguous(),))
        return module.weight.detach()

    torch.testing.assert_close(updated(torch.channels_last), updated(torch.contiguous_format))


def test_re_layout_copies_only_where_it_must():
    value = torch.randn(2, 3, 4, 4)
    assert laid_out_like(torch.empty(2, 3, 4, 4), value) is value
    other = laid_out_like(torch.empty(2, 3, 4, 4).to(memory_format=torch.channels_last), value)
    assert other.is_contiguous(memory_format=torch.channels_last)
    assert torch.equal(other, value)


def test_parameters_without_part_in_the_loss_are_left_alone():
    module = nn.ModuleList([nn.Linear(1, 1), nn.Linear(1, 1)])
    player = Player(module, torch.optim.Adam(module.parameters(), lr=0.1), lambda step: 1.0)
    before = module[1].weight.clone()
    player.apply(player.gradients(module[0](torch.ones(1, 1)).sum()))
    assert torch.equal(module[1].weight, before)


def test_the_moving_average_against_its_closed_form():
    module = nn.Linear(1, 1, bias=False)
    nn.init.zeros_(module.weight)
    average = MovingAverage(module, decay=0.5)
    nn.init.ones_(module.weight)
    # decay_n = min(0.5, (1 + n) / (10 + n)): 2/11 for n = 1, 3/12 for n = 2; the distance to 1 is their product.
    average.update(1)
    average.update(2)
    assert average.module.weight.item() == pytest.approx(1 - 2 / 11 * 3 / 12)


def test_the_moving_average_takes_buffers_along_and_is_apart_from_the_network():
    module = nn.BatchNorm1d(3)
    average = MovingAverage(module, decay=0.0)
    module(torch.randn(8, 3) + 5)
    average.update(1)
    torch.testing.assert_close(average.module.running_mean, module.running_mean)
    assert average.module.num_batches_tracked == 1
    assert not average.module.training
    assert not any(parameter.requires_grad for parameter in average.module.parameters())
