"""What every feature network promises, asked of each in the registry; of large ones with random weights."""

import functools

import pytest
import torch

from equipoise.config.evaluation import FEATURE_NAMES, RESIZING_FEATURES
from equipoise.core.errors import UserError
from equipoise.metrics import (
    FEATURES,
    Dinov2Features,
    FeatureNetwork,
    InceptionFeatures,
    Moments,
    Protocol,
    build_features,
    frechet_distance,
)
from equipoise.metrics.features import RESIZING


@pytest.fixture(params=FEATURES)
def build(request):
    """Builds the network anew."""
    if request.param == "inception":
        return functools.partial(InceptionFeatures, weights=request.getfixturevalue("inception_weights"))
    if request.param == "dinov2":
        return functools.partial(Dinov2Features, model=request.getfixturevalue("tiny_dinov2"))
    return functools.partial(build_features, request.param)


@pytest.fixture
def network(build):
    return build()


def examples_for(network, count=40):
    """As many examples; a few, of a size not its own, for a network that resizes."""
    resizes = hasattr(network, "resize")
    shape = (3, 20, 28) if resizes else network.example_shape or (2,)
    return torch.rand(min(count, 3) if resizes else count, *shape, generator=torch.Generator().manual_seed(0)) * 2 - 1


def assert_same(features, expected):
    """Equal up to the rounding that another number of examples in the batch brings."""
    scale = float(expected.abs().max()) if expected.shape[1] > 1000 else 0.1
    torch.testing.assert_close(features, expected, rtol=1e-5, atol=1e-4 * scale)


def test_the_settings_know_the_same_names():
    assert set(FEATURES) == set(FEATURE_NAMES) - {"none", "ngrams", "classifier"}
    assert set(RESIZING_FEATURES) == RESIZING


def test_an_unknown_name_is_told_the_nearest():
    with pytest.raises(UserError, match="did you mean 'mnist'"):
        build_features("mnits")


def test_it_says_what_it_is(network):
    assert isinstance(network, FeatureNetwork)
    assert network.name.removesuffix("-other") in FEATURES
    assert isinstance(network.weights_hash, str)
    assert network.weights_hash


def test_features_are_rows_of_float32_without_gradient(network):
    examples = examples_for(network).requires_grad_()
    features = network(examples)
    assert features.shape == (len(examples), network.dimension or 2)
    assert features.dtype == torch.float32
    assert not features.requires_grad


def test_doubles_are_taken_too(network):
    examples = examples_for(network)
    assert torch.equal(network(examples.double()), network(examples))


def test_the_same_examples_give_the_same_bits(network, build):
    examples = examples_for(network)
    assert torch.equal(network(examples), build()(examples.clone()))


@pytest.mark.parametrize("batch_size", [1, 7, 40])
def test_an_example_is_measured_alone(network, batch_size):
    examples = examples_for(network)
    together = network(examples)
    apart = torch.cat([network(batch) for batch in examples.split(batch_size)])
    assert_same(apart, together)


def test_the_order_of_examples_is_kept(network):
    examples = examples_for(network)
    assert_same(network(examples.flip(0)), network(examples).flip(0))


def test_examples_randomness_and_training_around_it_are_left_alone(network):
    examples = examples_for(network)
    before, state = examples.clone(), torch.get_rng_state()
    network(examples)
    assert torch.equal(examples, before)
    assert torch.equal(torch.get_rng_state(), state)
    assert torch.is_grad_enabled()


def test_reduced_precision_around_it_changes_nothing(network, build):
    examples = examples_for(network)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        reduced = network(examples)
    assert torch.equal(reduced, build()(examples))


def test_another_shape_is_refused(network):
    with pytest.raises(UserError, match=f"features '{network.name}', which take"):
        network(torch.zeros(4, 2, 5, 5))


def test_features_see_half_the_contrast(network):
    examples = examples_for(network, 400)
    half = Moments.from_features(network(examples / 2))
    assert frechet_distance(half, Moments.from_features(network(examples))) > 0.05


def test_a_resize_rule_belongs_to_the_protocol(network, build):
    if not hasattr(network, "resize"):
        assert Protocol.of(network).resize is None
        return
    other = build(resize="pytorch-fid")
    assert not torch.equal(network(examples_for(network)), other(examples_for(network)))
    with pytest.raises(UserError, match="measure both sets with one"):
        Protocol.of(network).require_comparable(Protocol.of(other))


def test_no_examples_give_no_features(network):
    assert len(network(examples_for(network, 0))) == 0
