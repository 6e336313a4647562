"""The two moons: their shape, their noise, and what turning them does."""

import math

import numpy as np
import pytest
import torch

CPU = torch.device("cpu")


def whole(source):
    (batch,) = source.ordered(10**6, CPU)
    return batch


def test_moons_lie_on_half_circles_of_radius_one(build):
    points, labels = whole(build(source="moons", std=1e-6))
    centres = torch.tensor([[-0.5, -0.25], [0.5, 0.25]])  # of the arcs, about the moons' common centre
    assert torch.allclose((points - centres[labels]).norm(dim=1), torch.ones(2000), atol=1e-4)
    assert torch.bincount(labels).tolist() == [1000, 1000]
    assert (points[labels == 0, 1] >= -0.25 - 1e-4).all()
    assert (points[labels == 1, 1] <= 0.25 + 1e-4).all()
    assert points.mean(0).abs().max() < 0.01


def test_noise_has_the_given_deviation(build):
    clean, noisy = (whole(build(source="moons", std=std, num_points=40_000)).examples for std in (1e-9, 0.1))
    centres = torch.tensor([[-0.5, -0.25], [0.5, 0.25]])
    labels = whole(build(source="moons", num_points=40_000)).labels
    radii = (noisy - centres[labels]).norm(dim=1)
    assert float(radii.std()) == pytest.approx(0.1, rel=0.02)
    assert float(clean.norm(dim=1).std()) > 0.1


@pytest.mark.parametrize("degrees", [35.0, -90.0, 180.0])
def test_turning_keeps_distances_and_labels(build, degrees):
    points, labels = whole(build(source="moons"))
    turned, same = whole(build(source="moons", rotation=degrees))
    assert torch.equal(labels, same)
    assert torch.allclose(torch.pdist(points[:200]), torch.pdist(turned[:200]), atol=1e-5)
    angles = np.angle((torch.view_as_complex(turned) / torch.view_as_complex(points)).numpy())
    assert np.abs(np.angle(np.exp(1j * (angles - math.radians(degrees))))).max() < 1e-3


def test_moons_know_their_classes_and_number(build):
    source = build(source="moons", num_points=101)
    assert (source.num_examples, source.example_shape, source.classes) == (101, (2,), ("upper", "lower"))
