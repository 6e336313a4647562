"""Optimisers by name and by import path, and the sentences for what cannot be had."""

import pytest
import torch
from torch import nn

from equipoise.config import PlayerSettings
from equipoise.core.errors import UserError
from equipoise.optimizers import OPTIMIZERS, build_optimizer


def parameters():
    return [nn.Parameter(torch.tensor([1.0, -2.0])), nn.Parameter(torch.tensor([[0.5]]))]


@pytest.mark.parametrize("name", [*OPTIMIZERS, "torch.optim.NAdam", "torch.optim.RAdam"])
def test_every_optimizer_goes_downhill(name):
    weights = parameters()
    optimizer = build_optimizer(PlayerSettings(optimizer=name, lr=1e-2), weights)
    before = sum(weight.square().sum().item() for weight in weights)
    for _ in range(20):
        optimizer.zero_grad()
        sum(weight.square().sum() for weight in weights).backward()
        optimizer.step()
    assert sum(weight.square().sum().item() for weight in weights) < before


def test_settings_reach_the_optimizer():
    settings = PlayerSettings(lr=3e-4, betas=(0.1, 0.9), options={"eps": 1e-6, "weight_decay": 0.5})
    (group,) = build_optimizer(settings, parameters()).param_groups
    assert (group["lr"], tuple(group["betas"]), group["eps"], group["weight_decay"]) == (3e-4, (0.1, 0.9), 1e-6, 0.5)
    (group,) = build_optimizer(PlayerSettings(optimizer="amsgrad"), parameters()).param_groups
    assert group["amsgrad"]
    (group,) = build_optimizer(PlayerSettings(optimizer="momentum", momentum=0.5), parameters()).param_groups
    assert group["momentum"] == 0.5


def test_conjugate_gradients_take_their_options_as_numbers():
    options = {"cap": 0.25, "floor": -0.5, "cap_power": 0.5, "restart": 1.0, "weight_decay": 1e-4}
    (group,) = build_optimizer(PlayerSettings(optimizer="cg-hs-dy", options=options), parameters()).param_groups
    assert {name: group[name] for name in options} == options
    assert (group["beta"], group["scope"]) == ("hs-dy", "player")


def test_the_fused_kernel_is_taken_and_agrees_with_the_plain_one():
    fused, plain = parameters(), parameters()
    one = build_optimizer(PlayerSettings(), fused)
    other = torch.optim.Adam(plain, lr=2e-4, foreach=False, fused=False)
    assert one.param_groups[0]["fused"]
    for optimizer, weights in ((one, fused), (other, plain)):
        for _ in range(3):
            optimizer.zero_grad()
            sum(weight.pow(4).sum() for weight in weights).backward()
            optimizer.step()
    for mine, theirs in zip(fused, plain, strict=True):
        torch.testing.assert_close(mine, theirs)


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"optimizer": "adma"}, "did you mean 'adam'"),
        ({"optimizer": "torch.optim.Adm"}, "'torch.optim' has no optimizer 'Adm'"),
        ({"optimizer": "no_such_package.Adam"}, "needs the package 'no_such_package'"),
        ({"optimizer": "torch.nn.Linear"}, "not a torch.optim.Optimizer"),
        ({"optimizer": "sgd", "betas": (0.5, 0.9)}, "takes no 'betas'"),
        ({"optimizer": "cg-fr", "betas": (0.5, 0.9)}, "takes no 'betas'"),
        ({"optimizer": "cg-hz", "options": {"mu": 0.1}}, "mu=0.1; it has to be a number above 1/4"),
        ({"optimizer": "cg-ft"}, "did you mean 'cg-fr'"),
        ({"options": {"wieght_decay": 1.0}}, "takes no 'wieght_decay'"),
        ({"options": {"eps": -1.0}}, "refused its arguments"),
    ],
)
def test_mistakes_are_one_sentence(settings, words):
    with pytest.raises(UserError, match=words):
        build_optimizer(PlayerSettings(**settings), parameters())


def test_options_of_every_kind_reach_the_optimizer():
    options = {"scope": "tensor", "cap": None, "restart": True, "scale": 0.5}
    optimizer = build_optimizer(PlayerSettings(optimizer="cg-fr", options=options), parameters())
    assert {name: optimizer.param_groups[0][name] for name in options} == options


def test_scheduled_betas_begin_at_their_value():
    settings = PlayerSettings(betas=({"value": 0.5, "decay": "linear"}, 0.9))
    assert build_optimizer(settings, parameters()).param_groups[0]["betas"] == (0.5, 0.9)
