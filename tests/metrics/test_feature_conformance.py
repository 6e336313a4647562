"""What every feature network promises, asked of each in the registry."""

import typing

import pytest
import torch

from equipoise.config.evaluation import FeaturesName
from equipoise.core.errors import UserError
from equipoise.metrics import FEATURES, FeatureNetwork, Moments, build_features, frechet_distance


@pytest.fixture(params=FEATURES)
def network(request):
    return build_features(request.param)


def examples_for(network, count=40):
    shape = network.example_shape or (2,)
    return torch.rand(count, *shape, generator=torch.Generator().manual_seed(0)) * 2 - 1


def test_the_settings_know_the_same_names():
    assert set(FEATURES) == set(typing.get_args(FeaturesName)) - {"none", "ngrams"}


def test_an_unknown_name_is_told_the_nearest():
    with pytest.raises(UserError, match="did you mean 'mnist'"):
        build_features("mnits")


def test_it_says_what_it_is(network):
    assert isinstance(network, FeatureNetwork)
    assert network.name in FEATURES
    assert isinstance(network.weights_hash, str)
    assert network.weights_hash


def test_features_are_rows_of_float32_without_gradient(network):
    examples = examples_for(network).requires_grad_()
    features = network(examples)
    assert features.shape == (40, network.dimension or 2)
    assert features.dtype == torch.float32
    assert not features.requires_grad


def test_doubles_are_taken_too(network):
    examples = examples_for(network)
    assert torch.equal(network(examples.double()), network(examples))


def test_the_same_examples_give_the_same_bits(network):
    examples = examples_for(network)
    assert torch.equal(network(examples), build_features(network.name)(examples.clone()))


@pytest.mark.parametrize("batch_size", [1, 7, 40])
def test_an_example_is_measured_alone(network, batch_size):
    examples = examples_for(network)
    together = network(examples)
    apart = torch.cat([network(batch) for batch in examples.split(batch_size)])
    torch.testing.assert_close(apart, together, rtol=1e-5, atol=1e-5)


def test_the_order_of_examples_is_kept(network):
    examples = examples_for(network)
    torch.testing.assert_close(network(examples.flip(0)), network(examples).flip(0), rtol=1e-5, atol=1e-5)


def test_examples_randomness_and_training_around_it_are_left_alone(network):
    examples = examples_for(network)
    before, state = examples.clone(), torch.get_rng_state()
    network(examples)
    assert torch.equal(examples, before)
    assert torch.equal(torch.get_rng_state(), state)
    assert torch.is_grad_enabled()


def test_reduced_precision_around_it_changes_nothing(network):
    examples = examples_for(network)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        assert torch.equal(network(examples), build_features(network.name)(examples))


def test_another_shape_is_refused(network):
    with pytest.raises(UserError, match=f"features '{network.name}', which take"):
        network(torch.zeros(4, 3, 5, 5))


def test_features_see_half_the_contrast(network):
    examples = examples_for(network, 400)
    half = Moments.from_features(network(examples / 2))
    assert frechet_distance(half, Moments.from_features(network(examples))) > 0.05


def test_no_examples_give_no_features(network):
    assert len(network(examples_for(network, 0))) == 0
