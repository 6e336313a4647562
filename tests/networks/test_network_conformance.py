"""What holds for every architecture, at every size it makes, with every normalisation. A new one is tested by being
registered."""

import copy

import pytest
import torch

from equipoise.config import NetworkSettings
from equipoise.networks import ARCHITECTURES, build_networks

POINTS = [(1,), (2,), (7,)]
TEXTS = [(3, 7), (11, 4)]
# (disc_norm, gen_norm): each value of either at least once.
NORMS = [("none", "none"), ("batch", "batch"), ("layer", "layer"), ("spectral", "batch")]
NUM_EXAMPLES, LATENT_DIM = 5, 6


def shapes_of(name):
    kind, sizes = ARCHITECTURES[name].makes
    images = [(1 if place % 2 else 3, size, size) for place, size in enumerate(sizes)]
    return {"points": POINTS, "text": TEXTS, "images": images}[kind]


CASES = [
    pytest.param(name, shape, *norms, id=f"{name}-{'x'.join(map(str, shape))}-{norms[0]}-{norms[1]}")
    for name in ARCHITECTURES
    for shape in shapes_of(name)
    for norms in NORMS
]
ARGUMENTS = ("name", "shape", "disc_norm", "gen_norm")
conformance = pytest.mark.parametrize(ARGUMENTS, CASES)
image_conformance = pytest.mark.parametrize(ARGUMENTS, [case for case in CASES if len(case.values[1]) == 3])
# A penalty on the gradient of each example has no meaning where batch normalisation mixes the examples.
penalty_conformance = pytest.mark.parametrize(ARGUMENTS, [case for case in CASES if case.values[2] != "batch"])


def build(name, shape, disc_norm, gen_norm, seed=0):
    settings = NetworkSettings(architecture=name, width=8, disc_norm=disc_norm, gen_norm=gen_norm)
    return build_networks(settings, shape, LATENT_DIM, torch.Generator().manual_seed(seed))


def random(*shape, dtype=torch.float32):
    return torch.randn(*shape, generator=torch.Generator().manual_seed(1), dtype=dtype)


def latents_for(dtype=torch.float32):
    return random(NUM_EXAMPLES, LATENT_DIM, dtype=dtype)


@conformance
def test_shapes_and_types(name, shape, disc_norm, gen_norm):
    disc, gen = build(name, shape, disc_norm, gen_norm)
    examples = gen(latents_for())
    assert examples.shape == (NUM_EXAMPLES, *shape)
    assert disc(examples).shape == (NUM_EXAMPLES,)
    assert disc(examples[:1] if disc_norm != "batch" else examples[:2]).ndim == 1
    assert examples.dtype == disc(examples).dtype == torch.float32


@conformance
def test_images_lie_in_the_unit_range_and_points_do_not(name, shape, disc_norm, gen_norm):
    _, gen = build(name, shape, disc_norm, gen_norm)
    last = [parameter for parameter in gen.parameters() if parameter.ndim > 1][-1]
    with torch.no_grad():
        last.mul_(1e12)  # without a normalisation DCGAN's first weights make images of 1e-7
        examples = gen(latents_for())
    largest = examples.abs().max()
    assert (largest > 1) if len(shape) == 1 else (0.9 < largest <= 1)


@conformance
def test_text_is_a_distribution_over_symbols_at_each_place(name, shape, disc_norm, gen_norm):
    if len(shape) != 2:
        return
    examples = build(name, shape, disc_norm, gen_norm).gen(latents_for())
    assert (examples >= 0).all()
    torch.testing.assert_close(examples.sum(1), torch.ones(NUM_EXAMPLES, shape[1]))


@conformance
def test_weights_depend_on_the_seed_alone(name, shape, disc_norm, gen_norm):
    torch.manual_seed(10)
    state = torch.get_rng_state()
    first = build(name, shape, disc_norm, gen_norm)
    assert torch.equal(torch.get_rng_state(), state)
    torch.manual_seed(11)
    second = build(name, shape, disc_norm, gen_norm)
    other = build(name, shape, disc_norm, gen_norm, seed=1)
    for one, two, three in zip(first, second, other, strict=True):
        assert all(torch.equal(value, two.state_dict()[key]) for key, value in one.state_dict().items())
        matrices = [key for key, value in one.state_dict().items() if value.ndim > 1]
        assert matrices
        assert all(not torch.equal(one.state_dict()[key], three.state_dict()[key]) for key in matrices)


@conformance
def test_labels_are_not_read(name, shape, disc_norm, gen_norm):
    disc, gen = build(name, shape, disc_norm, gen_norm)
    labels = torch.arange(NUM_EXAMPLES)
    disc.eval(), gen.eval()
    assert torch.equal(gen(latents_for()), gen(latents_for(), labels))
    examples = random(NUM_EXAMPLES, *shape)
    assert torch.equal(disc(examples), disc(examples, labels))


@conformance
def test_bf16_autocast_is_near_float32(name, shape, disc_norm, gen_norm):
    disc, gen = build(name, shape, disc_norm, gen_norm)
    examples = gen(latents_for()).detach()
    scores = disc(examples).detach()
    with torch.autocast("cpu", torch.bfloat16):
        rough_examples, rough_scores = gen(latents_for()), disc(examples)
    assert rough_examples.dtype == rough_scores.dtype == torch.bfloat16
    assert (rough_examples - examples).norm() <= 0.05 * examples.norm()
    assert (rough_scores - scores).norm() <= 0.05 * scores.norm()
    (rough_examples.float().sum() + rough_scores.float().sum()).backward()
    assert all(p.grad is not None and p.grad.isfinite().all() for p in [*disc.parameters(), *gen.parameters()])


@image_conformance
def test_channels_last_changes_nothing_but_the_layout(name, shape, disc_norm, gen_norm):
    disc, gen = build(name, shape, disc_norm, gen_norm)
    other_disc, other_gen = (copy.deepcopy(net).to(memory_format=torch.channels_last) for net in (disc, gen))
    examples, others = gen(latents_for()), other_gen(latents_for())
    torch.testing.assert_close(others, examples, atol=1e-4, rtol=1e-4)
    assert others.is_contiguous(memory_format=torch.channels_last)
    scores = disc(examples)
    torch.testing.assert_close(other_disc(others), scores, atol=1e-4, rtol=1e-4)


@penalty_conformance
def test_gradient_penalty_differentiates(name, shape, disc_norm, gen_norm):
    disc, _ = build(name, shape, disc_norm, gen_norm)
    disc.double()
    examples = random(NUM_EXAMPLES, *shape, dtype=torch.float64).requires_grad_()

    def penalty():
        (slopes,) = torch.autograd.grad(disc(examples).sum(), examples, create_graph=True)
        return slopes.square().sum()

    disc(examples)
    disc.eval()  # freezes the power iteration, which would move the function between two evaluations
    penalty().backward()
    assert all(p.grad.isfinite().all() for p in disc.parameters() if p.grad is not None)
    # Along the first weight the penalty's derivative is that of finite differences.
    weight = next(p for p in disc.parameters() if p.ndim > 1)
    direction, step = weight.grad / weight.grad.norm(), 1e-8  # so small that no unit changes sign
    values = []
    for sign in (1, -1):
        with torch.no_grad():
            weight.add_(direction, alpha=sign * step)
        values.append(penalty().item())
        with torch.no_grad():
            weight.sub_(direction, alpha=sign * step)
    assert (values[0] - values[1]) / (2 * step) == pytest.approx(weight.grad.norm().item(), rel=1e-3)


@conformance
def test_gradients_reach_every_parameter(name, shape, disc_norm, gen_norm):
    disc, gen = build(name, shape, disc_norm, gen_norm)
    # In evaluation mode, because in training mode batch normalisation cancels the biases before it.
    disc.double().eval(), gen.double().eval()
    for net, inputs in ((disc, (NUM_EXAMPLES, *shape)), (gen, (NUM_EXAMPLES, LATENT_DIM))):
        outputs = net(random(*inputs, dtype=torch.float64))
        (outputs * random(*outputs.shape, dtype=torch.float64)).sum().backward()
        norms = {key: parameter.grad.norm().item() for key, parameter in net.named_parameters()}
        assert min(norms.values()) > 1e-10 * max(norms.values()), min(norms, key=norms.get)  # rounding is 1e-16


@conformance
def test_evaluation_mode_is_a_function_of_each_example(name, shape, disc_norm, gen_norm):
    for net, inputs in zip(
        build(name, shape, disc_norm, gen_norm), (random(NUM_EXAMPLES, *shape), latents_for()), strict=True
    ):
        net(inputs)
        net.eval()
        before = {key: value.clone() for key, value in net.state_dict().items()}
        outputs = net(inputs)
        assert torch.equal(net(inputs), outputs)
        assert all(torch.equal(value, before[key]) for key, value in net.state_dict().items())
        torch.testing.assert_close(net(inputs[:2]), outputs[:2], atol=1e-5, rtol=1e-4)


@pytest.mark.parametrize("name", ARCHITECTURES)
def test_one_player_s_settings_leave_the_other_player_s_weights(name):
    shape = shapes_of(name)[0]
    reference = build(name, shape, "none", "none")
    assert same_weights(build(name, shape, "none", "batch").disc, reference.disc)
    assert same_weights(build(name, shape, "spectral", "none").gen, reference.gen)


@pytest.mark.parametrize("name", ARCHITECTURES)
def test_successive_builds_differ(name):
    generator, settings = torch.Generator().manual_seed(0), NetworkSettings(architecture=name, width=8)
    pairs = [build_networks(settings, shapes_of(name)[0], LATENT_DIM, generator) for _ in range(2)]
    assert not same_weights(pairs[0].disc, pairs[1].disc)
    assert not same_weights(pairs[0].gen, pairs[1].gen)


def same_weights(one, two):
    return all(torch.equal(*pair) for pair in zip(one.parameters(), two.parameters(), strict=True))
