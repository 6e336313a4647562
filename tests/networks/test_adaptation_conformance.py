"""What holds for every architecture of a domain-adversarial game, at every size it takes, with every normalisation. A
new one is tested by being registered."""

import copy
from typing import get_args

import pytest
import torch

from equipoise.config import NetworkSettings
from equipoise.config.networks import ArchitectureName
from equipoise.core.errors import UserError
from equipoise.networks import ARCHITECTURES, CLASSIFIERS, build_adaptation_networks, build_networks, dropouts

POINTS = [(2,), (7,)]
NORMS = [("none", "none"), ("batch", "batch"), ("layer", "layer"), ("spectral", "none")]
NUM_EXAMPLES, NUM_CLASSES = 5, 4


def shapes_of(name):
    kind, sizes = CLASSIFIERS[name].takes
    return {"points": POINTS, "images": [(1 if place % 2 else 3, size, size) for place, size in enumerate(sizes)]}[kind]


def case(name, shape, norms):
    return pytest.param(name, shape, *norms, id=f"{name}-{'x'.join(map(str, shape))}-{norms[0]}-{norms[1]}")


CASES = [case(name, shape, norms) for name in CLASSIFIERS for shape in shapes_of(name) for norms in NORMS]
conformance = pytest.mark.parametrize(("name", "shape", "disc_norm", "gen_norm"), CASES)
each_architecture = pytest.mark.parametrize("name", CLASSIFIERS)


def settings_of(name, **fields):
    size = {"width": 8} if name == "mlp" else {}
    return NetworkSettings(architecture=name, **size, **fields)


def build(name, shape, disc_norm="none", gen_norm="none", seed=0, conditioned=False, **fields):
    settings = settings_of(name, disc_norm=disc_norm, gen_norm=gen_norm, **fields)
    generator = torch.Generator().manual_seed(seed)
    return build_adaptation_networks(settings, shape, NUM_CLASSES, generator, conditioned=conditioned)


def random(*shape, dtype=torch.float32):
    return torch.randn(*shape, generator=torch.Generator().manual_seed(1), dtype=dtype)


def test_every_name_of_the_settings_is_built_by_one_registry_at_least():
    assert set(ARCHITECTURES) | set(CLASSIFIERS) == set(get_args(ArchitectureName))


@conformance
def test_shapes_types_and_parts(name, shape, disc_norm, gen_norm):
    disc, gen = build(name, shape, disc_norm, gen_norm)
    gen.eval()
    examples = random(NUM_EXAMPLES, *shape)
    before = examples.clone()
    features, logits = gen(examples)
    assert features.ndim == 2
    assert (len(features), logits.shape) == (NUM_EXAMPLES, (NUM_EXAMPLES, NUM_CLASSES))
    assert disc(features).shape == (NUM_EXAMPLES,)
    assert features.dtype == logits.dtype == disc(features).dtype == torch.float32
    # The game calls the parts, one after the other; and nothing that it holds is changed in place.
    assert torch.equal(gen.features(examples), features)
    assert torch.equal(gen.head(features), logits)
    assert torch.equal(examples, before)
    kept = features.detach().clone()
    disc(features), gen.head(features)
    assert torch.equal(features, kept)


@each_architecture
def test_a_discriminator_of_features_and_predictions(name):
    disc, gen = build(name, shapes_of(name)[0], conditioned=True)
    features, logits = gen(random(NUM_EXAMPLES, *shapes_of(name)[0]))
    product = (features.unsqueeze(2) * logits.softmax(1).unsqueeze(1)).flatten(1)
    assert disc(product).shape == (NUM_EXAMPLES,)


@each_architecture
def test_weights_depend_on_the_seed_alone(name):
    shape = shapes_of(name)[0]
    torch.manual_seed(10)
    state = torch.get_rng_state()
    first = build(name, shape)
    assert torch.equal(torch.get_rng_state(), state)
    torch.manual_seed(11)
    for one, two, three in zip(first, build(name, shape), build(name, shape, seed=1), strict=True):
        assert all(torch.equal(value, two.state_dict()[key]) for key, value in one.state_dict().items())
        matrices = [key for key, value in one.state_dict().items() if value.ndim > 1]
        assert matrices
        assert all(not torch.equal(one.state_dict()[key], three.state_dict()[key]) for key in matrices)


@each_architecture
def test_one_player_s_settings_leave_the_other_player_s_weights(name):
    shape = shapes_of(name)[0]
    reference = build(name, shape)
    assert same_weights(build(name, shape, "none", "batch").disc, reference.disc)
    assert same_weights(build(name, shape, "spectral", "none").gen, reference.gen)


def same_weights(one, two):
    return all(torch.equal(*pair) for pair in zip(one.parameters(), two.parameters(), strict=True))


@each_architecture
def test_labels_are_not_read(name):
    disc, gen = build(name, shapes_of(name)[0])
    examples, labels = random(NUM_EXAMPLES, *shapes_of(name)[0]), torch.arange(NUM_EXAMPLES)
    assert torch.equal(gen(examples).logits, gen(examples, labels).logits)
    features = gen(examples).features
    assert torch.equal(disc(features), disc(features, labels))


@conformance
def test_gradients_reach_every_parameter_of_both_parts(name, shape, disc_norm, gen_norm):
    if name == "dann-svhn" and (disc_norm, gen_norm) != NORMS[0]:
        return  # of 19 million parameters in float64
    disc, gen = build(name, shape, disc_norm, gen_norm)
    # In evaluation mode, because in training mode batch normalisation cancels the biases before it.
    disc.double().eval(), gen.double().eval()
    features, logits = gen(random(64, *shape, dtype=torch.float64))
    (logits * random(*logits.shape, dtype=torch.float64)).sum().backward(retain_graph=True)
    reached = {key: p.grad.norm().item() for key, p in gen.named_parameters()}
    assert min(reached.values()) > 1e-10 * max(reached.values()), min(reached, key=reached.get)
    (disc(features) * random(64, dtype=torch.float64)).sum().backward()
    reached = {key: p.grad.norm().item() for key, p in disc.named_parameters()}
    assert min(reached.values()) > 1e-10 * max(reached.values()), min(reached, key=reached.get)


@conformance
def test_evaluation_mode_is_a_function_of_each_example(name, shape, disc_norm, gen_norm):
    _, gen = build(name, shape, disc_norm, gen_norm)
    examples = random(NUM_EXAMPLES, *shape)
    gen(examples)
    gen.eval()
    before = {key: value.clone() for key, value in gen.state_dict().items()}
    outputs = gen(examples)
    assert torch.equal(gen(examples).logits, outputs.logits)
    assert all(torch.equal(value, before[key]) for key, value in gen.state_dict().items())
    torch.testing.assert_close(gen(examples[:2]).logits, outputs.logits[:2], atol=1e-5, rtol=1e-4)


@each_architecture
def test_channels_last_changes_nothing_but_the_layout(name):
    shape = shapes_of(name)[-1]
    if len(shape) == 1:
        return
    _, gen = build(name, shape, gen_norm="batch")
    gen.eval()
    other = copy.deepcopy(gen).to(memory_format=torch.channels_last)
    examples = random(NUM_EXAMPLES, *shape)
    ours, theirs = gen(examples), other(examples.to(memory_format=torch.channels_last))
    torch.testing.assert_close(theirs.features, ours.features, atol=1e-5, rtol=1e-4)
    torch.testing.assert_close(theirs.logits, ours.logits, atol=1e-5, rtol=1e-4)


@each_architecture
def test_bf16_autocast_is_near_float32(name):
    disc, gen = build(name, shapes_of(name)[0])
    examples = random(NUM_EXAMPLES, *shapes_of(name)[0])
    features, logits = (each.detach() for each in gen(examples))
    with torch.autocast("cpu", torch.bfloat16):
        rough = gen(examples)
        assert (disc(features) - disc(features.float())).norm() <= 0.05 * disc(features).norm()
    assert (rough.features - features).norm() <= 0.05 * features.norm()
    assert (rough.logits - logits).norm() <= 0.05 * logits.norm()


@each_architecture
def test_dropout_acts_on_the_features_in_training_alone(name):
    if name == "mlp":
        with pytest.warns(UserWarning, match="dropout=0.4 is ignored because architecture is 'mlp'"):
            settings_of(name, dropout=0.4)
        return
    shape = shapes_of(name)[0]
    disc, gen = build(name, shape, dropout=0.4)
    (layer,) = dropouts(gen)
    assert not dropouts(disc)
    layer.generator = torch.Generator().manual_seed(0)
    examples = random(20, *shape)
    dropped = gen(examples).features
    kept = gen.eval()(examples).features
    alive = kept != 0
    assert ((dropped == 0) & alive).sum() / alive.sum() == pytest.approx(0.4, abs=0.05)
    survived = alive & (dropped != 0)
    torch.testing.assert_close(dropped[survived], kept[survived] / 0.6)


@pytest.mark.parametrize(
    ("name", "shape", "parameters"),
    [
        # By hand: (3 x 25 + 1) x 32 + (32 x 25 + 1) x 48, 769 x 100 + 101 x 100 + 101 x 4, 769 x 100 + 101.
        ("dann", (3, 28, 28), (40_880 + 87_404, 77_001)),
        ("lenet", (1, 28, 28), (426_070 + 2_004, 501_501)),
        ("dann-svhn", (3, 32, 32), (4_864 + 102_464 + 204_928 + 6_294_528 + 6_293_504 + 8_196, 3_148_801)),
        ("mlp", (2,), (2 * 8 + 8 + 2 * 72 + 72 + 36, 153)),
    ],
)
def test_numbers_of_parameters(name, shape, parameters):
    disc, gen = build(name, shape)
    assert sum(p.numel() for p in gen.parameters()) == parameters[0]
    assert sum(p.numel() for p in disc.parameters()) == parameters[1]


def test_the_variant_of_the_gap_aware_paper_normalises_after_each_halving():
    _, gen = build("dann", (3, 28, 28), gen_norm="batch", dropout=0.3)
    names = [type(layer).__name__ for layer in gen.features]
    block = ["Conv2d", "ReLU", "MaxPool2d", "BatchNorm2d"]
    assert names == [*block, *block, "Flatten", "Dropout"]


@pytest.mark.parametrize(
    ("name", "shape", "sentence"),
    [
        (
            "dann",
            (3, 8, 8),
            "dann takes images of 16, 20, 24, 28 or 32 pixels, but the data have 8 x 8; set data.resolution to 16 and "
            "data.resize to crop.",
        ),
        (
            "dann-svhn",
            (3, 16, 16),
            "dann-svhn takes images of 28 or 32 pixels, but the data have 16 x 16; set data.resolution to 28 and "
            "data.resize to crop, or network.architecture to dann.",
        ),
        (
            "dann",
            (2,),
            "dann takes images, but the data are points of 2 coordinates; set network.architecture to mlp.",
        ),
        (
            "mlp",
            (3, 28, 28),
            "mlp takes points, but the data are images of 28 x 28 pixels; set network.architecture to dann.",
        ),
        ("dann", (9, 7), "dann takes images, but the data are lines of 7 symbols; give other data."),
        ("sngan", (3, 32, 32), "Architecture 'sngan' does not classify; choose one of dann, dann-svhn, lenet, mlp."),
    ],
)
def test_what_cannot_be_classified_is_one_sentence(name, shape, sentence):
    with pytest.raises(UserError) as caught:
        build_adaptation_networks(NetworkSettings(architecture=name), shape, 3, torch.Generator())
    assert str(caught.value) == sentence


def test_classifiers_do_not_generate():
    settings = NetworkSettings(architecture="dann")
    with pytest.raises(UserError, match=r"'dann' does not generate; choose one of mlp, dcgan, .*text\."):
        build_networks(settings, (3, 28, 28), 8, torch.Generator())


def test_a_width_that_a_paper_has_fixed_is_reported():
    with pytest.warns(UserWarning, match="width=8 is ignored because architecture is 'lenet'"):
        NetworkSettings(architecture="lenet", width=8)
