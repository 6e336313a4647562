"""Networks with random weights: the published ones are 96 MB and 1.2 GB, and cannot be part of a test."""

import pytest
import torch

from equipoise.metrics.features.inception_network import random_weights


@pytest.fixture(scope="session")
def inception_weights():
    return random_weights(seed=0)


@pytest.fixture(scope="session")
def tiny_dinov2():
    transformers = pytest.importorskip("transformers")
    with torch.random.fork_rng():
        torch.manual_seed(0)
        shape = {"hidden_size": 32, "num_hidden_layers": 2, "num_attention_heads": 2, "mlp_ratio": 2}
        return transformers.Dinov2Model(transformers.Dinov2Config(**shape, image_size=56, initializer_range=0.2))
