"""What is particular to our conjugate gradients: options, reports, refusals; iterates are pinned by the suite."""

import copy
import math

import pytest
import safetensors.torch
import torch
from torch import nn

from equipoise.core.errors import UserError
from equipoise.core.tensors import pack, unpack
from equipoise.optimizers import ConjugateGradient
from equipoise.optimizers.beta_rules import BETA_RULES, hager_zhang, hestenes_stiefel, hs_dy, ratio
from equipoise.optimizers.conformance import parameters, play
from equipoise.optimizers.inner_products import inner, inner_products


def unclipped(beta):
    return beta


def scalar(value):
    return torch.tensor(value, dtype=torch.float64)


def weight_of(*values):
    return nn.Parameter(torch.tensor(values, dtype=torch.float64))


def push(optimizer, weight, *gradient):
    weight.grad = torch.tensor(gradient, dtype=weight.dtype)
    optimizer.step()


def test_beta_by_hand_for_each_rule():
    """g = (1, 2), p = (2, 0), d = (-2, 1): y = (-1, 2), |g|^2 = 5, |p|^2 = 4, <g,y> = 3, <d,y> = 4, <d,g> = 0."""
    expected = {"fr": 1.25, "prp": 0.75, "hs": 0.75, "dy": 1.25, "hz": 0.75, "hs-dy": 0.75, "fr-prp": 0.75}
    assert expected.keys() == BETA_RULES.keys()
    g, p, d = ([torch.tensor(v, dtype=torch.float64)] for v in ([1.0, 2.0], [2.0, 0.0], [-2.0, 1.0]))
    products = {"p_p": inner(p, p)} | inner_products({"g_g", "d_g", "g_y", "d_y", "y_y"}, g, p, d)
    assert {name: value.item() for name, value in products.items()} == {
        "g_g": 5, "p_p": 4, "d_g": 0, "g_y": 3, "d_y": 4, "y_y": 5,
    }  # fmt: skip
    for rule, formula in BETA_RULES.items():
        names = formula.__code__.co_varnames[: formula.__code__.co_argcount]
        given = {name: products[name] for name in names if name in products}
        assert formula(**given, clip=unclipped, **({"mu": 2.0} if rule == "hz" else {})).item() == expected[rule]


def test_hager_zhang_subtracts_from_the_clipped_value():
    read = {"g_y": scalar(3.0), "d_y": scalar(1.0), "y_y": scalar(1.0), "d_g": scalar(0.1)}
    clipped = hager_zhang(**read, clip=lambda beta: beta.clamp(max=0.5), mu=2.0)
    assert clipped.item() == pytest.approx(0.5 - 0.2)
    assert hager_zhang(**read, clip=unclipped, mu=2.0).item() == pytest.approx(3 - 0.2)


def test_hybrids_are_never_negative_even_without_a_floor():
    assert hs_dy(scalar(1.0), scalar(-3.0), scalar(1.0), clip=unclipped).item() == 0
    assert hestenes_stiefel(scalar(-3.0), scalar(1.0), clip=unclipped).item() == -3


@pytest.mark.parametrize("denominator", [0.0, -0.0, math.inf, math.nan])
def test_beta_is_zero_where_its_denominator_is_zero_or_not_finite(denominator):
    for numerator in (0.0, 1.0, -1.0, math.inf, math.nan):
        assert ratio(scalar(numerator), scalar(denominator)).item() == 0


def test_products_survive_cancellation_in_single_precision():
    """Gradients that differ in the seventh digit: |g|^2 - <g, p> would have lost all of <g, y>."""
    p = torch.randn(1000, generator=torch.Generator().manual_seed(0))
    g = p + 1e-4 * torch.randn(1000, generator=torch.Generator().manual_seed(1))
    exact = g.double() @ (g.double() - p.double())
    found = inner_products(["g_y"], [g], [p.clone()], [p])["g_y"].double()
    assert abs(found / exact - 1) < 1e-4
    assert abs((g @ g - g @ p).double() / exact - 1) > 1e-3


def test_inner_products_follow_memory_not_dimensions():
    left, right = (torch.randn(2, 3, 4, 4, generator=torch.Generator().manual_seed(seed)).double() for seed in (0, 1))
    last = [each.to(memory_format=torch.channels_last) for each in (left, right)]
    torch.testing.assert_close(inner(last[:1], last[1:]), (left * right).sum()[None])


def test_the_published_clip_lets_beta_below_zero():
    """PRP with g = 1/2 after p = 1: <g, y> = -1/4."""
    for floor, expected in ((0.0, 0.0), (-0.1, -0.1), (None, -0.25)):
        weight = weight_of(0.0)
        optimizer = ConjugateGradient([weight], lr=1.0, beta="prp", floor=floor)
        push(optimizer, weight, 1.0)
        push(optimizer, weight, 0.5)
        assert optimizer.beta.item() == expected
        assert weight.item() == -1 + (expected * -1 - 0.5)


def test_the_cap_diminishes_and_is_counted():
    weight = weight_of(0.0)
    optimizer = ConjugateGradient([weight], lr=1.0, cap_power=0.5, scale=0.75)
    betas = []
    for _ in range(4):
        push(optimizer, weight, 1.0)
        betas.append(optimizer.beta.item())
    assert betas == pytest.approx([0.0, *(0.75 * 0.5 * n**-0.5 for n in (2, 3, 4))])
    assert optimizer.cap_fraction.item() == 0.75
    push(optimizer, weight, 0.1)
    assert optimizer.cap_fraction.item() == 0.6
    assert optimizer.beta.item() == pytest.approx(0.75 * 0.01)


def test_reports_before_the_first_step_are_zero():
    optimizer = ConjugateGradient([weight_of(1.0)], lr=1.0)
    assert (optimizer.beta.item(), optimizer.cap_fraction.item()) == (0, 0)


def test_one_beta_a_tensor():
    one, other = weight_of(0.0), weight_of(0.0)
    optimizer = ConjugateGradient([one, other], lr=1.0, scope="tensor", cap=10.0)
    for gradients in ((1.0, 1.0), (2.0, 0.5)):
        one.grad, other.grad = (torch.tensor([g], dtype=torch.float64) for g in gradients)
        optimizer.step()
    assert optimizer.beta.tolist() == [4.0, 0.25]
    assert (one.item(), other.item()) == (-1 - (4 + 2), -1 - (0.25 + 0.5))


def test_restart_keeps_every_direction_downhill():
    """From d = -1, a gradient of opposite sign and FR at its cap: d = -1/2 + 0.1 climbs, the restarted one does not."""
    moves = {}
    for restart in (False, True):
        weight = weight_of(0.0, 0.0)
        optimizer = ConjugateGradient([weight], lr=1.0, cap=None, restart=restart)
        push(optimizer, weight, 1.0, 0.0)
        push(optimizer, weight, -2.0, 0.0)
        moves[restart] = weight[0].item() + 1
    assert moves == {False: 4 * -1.0 + 2.0, True: 2.0}


@pytest.mark.parametrize("gradients", [(1.0, 1.0, 0.9, 0.9), (1.0, -0.9)])
def test_restart_leaves_descent_directions_alone(gradients):
    """In the second case the old direction climbs, but half of it does not outweigh the new gradient."""
    ends = []
    for restart in (False, True):
        weight = weight_of(0.0)
        optimizer = ConjugateGradient([weight], lr=1.0, restart=restart)
        for gradient in gradients:
            push(optimizer, weight, gradient)
        ends.append(weight.item())
    assert ends[0] == ends[1]


def test_a_gradient_that_comes_back_starts_afresh():
    steady, coming = weight_of(0.0), weight_of(0.0)
    optimizer = ConjugateGradient([steady, coming], lr=1.0)
    for present in (True, True, False, True):
        steady.grad = torch.ones_like(steady)
        coming.grad = torch.ones_like(coming) if present else None
        before = coming.item()
        optimizer.step()
    assert coming.item() - before == -1
    # |g|^2 / |p|^2 over the steady parameter alone: with the newcomer it would have been 2, without a difference here;
    # so the last step doubles it and looks at an uncapped ratio.
    optimizer = ConjugateGradient([steady, coming], lr=1.0, cap=None)
    steady.grad, coming.grad = torch.ones_like(steady), None
    optimizer.step()
    coming.grad = 3 * torch.ones_like(coming)
    optimizer.step()
    assert optimizer.beta.item() == 1


def test_weight_decay_is_part_of_the_gradient_everywhere():
    """On L = 0 with decay c the gradient is c w: the same as plain steps on c w^2 / 2."""
    decayed, plain = weight_of(1.0, -2.0), weight_of(1.0, -2.0)
    one = ConjugateGradient([decayed], lr=0.5, beta="hs", weight_decay=0.3, cap=None, floor=None)
    other = ConjugateGradient([plain], lr=0.5, beta="hs", cap=None, floor=None)
    for _ in range(6):
        push(one, decayed, 0.0, 0.0)
        push(other, plain, *(0.3 * plain).tolist())
    torch.testing.assert_close(decayed, plain)


def test_groups_have_their_own_rate_decay_and_sign():
    up, down = weight_of(1.0), weight_of(1.0)
    groups = [{"params": [up], "maximize": True, "lr": 2.0}, {"params": [down], "weight_decay": 0.5}]
    optimizer = ConjugateGradient(groups, lr=1.0)
    up.grad, down.grad = torch.ones_like(up), torch.ones_like(down)
    optimizer.step()
    assert (up.item(), down.item()) == (1 + 2.0, 1 - 1.5)


def test_state_on_disk_in_another_layout_goes_on_bit_by_bit():
    """Checkpoints hold contiguous tensors: sums of products over channels_last ones have to keep their order."""
    options = {"lr": 0.1, "beta": "prp", "cap": None, "floor": None}
    generator = torch.Generator().manual_seed(0)
    gradients = [torch.randn(8, 5, 3, 3, generator=generator) for _ in range(6)]
    weight = nn.Parameter(torch.randn(8, 5, 3, 3, generator=generator).to(memory_format=torch.channels_last))
    optimizer = ConjugateGradient([weight], **options)
    for number, gradient in enumerate(gradients):
        if number == 3:
            twin = nn.Parameter(weight.detach().clone())
            resumed = ConjugateGradient([twin], **options)
            resumed.load_state_dict(unpack(*pack(optimizer.state_dict())))
        weight.grad = gradient
        optimizer.step()
        if number >= 3:
            twin.grad = gradient
            resumed.step()
    assert torch.equal(twin, weight)
    assert torch.equal(resumed.beta, optimizer.beta)
    assert torch.equal(resumed.cap_fraction, optimizer.cap_fraction)


@pytest.mark.parametrize(("rule", "kept"), [("fr", False), ("prp", True), ("hs", True)])
def test_state_goes_through_safetensors_and_holds_no_more_than_the_rule_reads(rule, kept):
    weights = parameters()
    optimizer = ConjugateGradient(weights, lr=0.1, beta=rule)
    play(optimizer, weights, range(2))
    tensors, skeleton = pack(optimizer.state_dict())
    restored = unpack(safetensors.torch.load(safetensors.torch.save(tensors)), skeleton)
    torch.testing.assert_close(restored["state"], optimizer.state_dict()["state"], rtol=0, atol=0)
    assert all(("previous_gradient" in state) == kept for state in restored["state"].values())


def test_a_loaded_state_is_a_copy():
    weights, others = parameters(), parameters()
    one, other = ConjugateGradient(weights, lr=0.1), ConjugateGradient(others, lr=0.1)
    play(one, weights, range(3))
    other.load_state_dict(one.state_dict())
    kept = copy.deepcopy(other.state_dict()["state"])
    play(one, weights, [3])
    torch.testing.assert_close(other.state_dict()["state"], kept, rtol=0, atol=0)


def test_deep_copies_go_on_alike():
    weights = parameters()
    optimizer = ConjugateGradient(weights, lr=0.1, beta="hz", mu=1.0)
    play(optimizer, weights, range(3))
    others_optimizer, others = copy.deepcopy((optimizer, weights))
    play(optimizer, weights, range(3, 6))
    play(others_optimizer, others, range(3, 6))
    for mine, theirs in zip(weights, others, strict=True):
        assert torch.equal(mine, theirs)


def test_double_and_single_precision_together():
    single, double = nn.Parameter(torch.zeros(3)), weight_of(0.0)
    optimizer = ConjugateGradient([single, double], lr=1.0)
    for _ in range(3):
        single.grad, double.grad = torch.ones_like(single), torch.ones_like(double)
        optimizer.step()
    assert single.tolist() == [-4.25] * 3
    assert (double.item(), single.dtype, double.dtype) == (-4.25, torch.float32, torch.float64)


@pytest.mark.parametrize("scope", ["player", "tensor"])
@pytest.mark.parametrize("rule", BETA_RULES)
def test_nothing_is_read_on_the_host(rule, scope):
    """Tensors on the meta device have no values, so any read of one fails, in Python or below."""
    weights = [nn.Parameter(torch.zeros(shape, device="meta")) for shape in ((3, 2), (4,))]
    options = {"restart": True, "cap_power": 0.5, "weight_decay": 0.1, "maximize": True, "scope": scope}
    optimizer = ConjugateGradient(weights, lr=0.1, beta=rule, **options)
    for _ in range(3):
        for weight in weights:
            weight.grad = torch.zeros_like(weight)
        optimizer.step()
    assert optimizer.beta.is_meta
    assert optimizer.cap_fraction.is_meta
    with pytest.raises(RuntimeError, match="meta"):
        optimizer.cap_fraction.item()


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"beta": "pr"}, "Unknown beta rule 'pr'; did you mean 'prp'"),
        ({"beta": 0.5}, "Unknown beta rule '0.5'"),
        ({"scope": "layer"}, "Unknown scope 'layer'; .* from: player, tensor"),
        ({"lr": -1.0}, "lr=-1.0; it has to be a finite number of at least 0"),
        ({"lr": math.nan}, "lr=nan"),
        ({"lr": torch.tensor(0.1)}, r"lr=tensor\(0.1000\)"),
        ({"weight_decay": -0.1}, "weight_decay=-0.1"),
        ({"cap": -0.5}, "cap=-0.5; it has to be at least 0, or None for no cap"),
        ({"cap": "half"}, "cap='half'"),
        ({"floor": 0.1}, "floor=0.1; it has to be at most 0, or None for no floor"),
        ({"scale": math.inf}, "scale=inf"),
        ({"cap_power": -1.0}, "cap_power=-1.0"),
        ({"cap_power": 0.5, "cap": None}, "without a cap to diminish"),
        ({"beta": "hz", "mu": 0.25}, "mu=0.25; it has to be a number above 1/4, or None for 2"),
        ({"mu": 1.0}, "mu is for 'hz'"),
    ],
)
def test_arguments_out_of_range_are_one_sentence(options, words):
    with pytest.raises(UserError, match=words):
        ConjugateGradient([weight_of(1.0)], **({"lr": 0.1} | options))


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16, torch.complex64])
def test_narrow_and_complex_parameters_are_refused(dtype):
    with pytest.raises(UserError, match=f"a parameter in {dtype}; it takes float32 and float64"):
        ConjugateGradient([nn.Parameter(torch.zeros(2, dtype=dtype))], lr=0.1)


def test_sparse_gradients_are_refused():
    table = nn.Embedding(4, 2, sparse=True)
    table(torch.tensor([1])).sum().backward()
    with pytest.raises(UserError, match="takes dense ones, so build the layer without sparse gradients"):
        ConjugateGradient(table.parameters(), lr=0.1).step()


def test_two_devices_are_refused():
    with pytest.raises(UserError, match="parameters on cpu and meta"):
        ConjugateGradient([weight_of(1.0), nn.Parameter(torch.zeros(1, device="meta"))], lr=0.1)


def test_groups_cannot_have_a_beta_of_their_own():
    optimizer = ConjugateGradient([weight_of(1.0)], lr=0.1)
    with pytest.raises(UserError, match="group of ConjugateGradient got beta='hs' beside 'fr'"):
        optimizer.add_param_group({"params": [weight_of(2.0)], "beta": "hs"})
    assert len(optimizer.param_groups) == 1
