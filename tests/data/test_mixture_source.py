"""The Gaussian mixtures have the centres, the spread and the weights that they claim."""

import pytest
import torch

from equipoise.data import Mixture
from equipoise.data.mixtures import REFERENCE_SIZE

CPU = torch.device("cpu")


@pytest.mark.parametrize(("name", "number"), [("ring", 8), ("grid", 25)])
def test_points_scatter_about_their_own_centre(build, name, number):
    mixture = build(source=name, std=0.1)
    assert isinstance(mixture, Mixture)
    assert (mixture.example_shape, mixture.num_examples, mixture.std) == ((2,), None, 0.1)
    assert mixture.centres.shape == (number, 2)
    points, component = next(mixture.batches(200_000, torch.Generator().manual_seed(0), CPU))
    offset = points - mixture.centres[component]
    assert offset.mean(0).abs().max() < 0.001  # 4 standard errors of 0.1 / sqrt(200000)
    assert offset.T.cov() == pytest.approx(0.01 * torch.eye(2).numpy(), abs=2e-4)
    share = torch.bincount(component, minlength=number) / len(component)
    assert (share - 1 / number).abs().max() < 0.004


def test_centres(build):
    ring, grid = build(source="ring").centres, build(source="grid").centres
    assert torch.allclose(ring.norm(dim=1), torch.full((8,), 2.0))
    assert torch.allclose(torch.cdist(ring, ring).topk(2, largest=False).values[:, 1], torch.tensor(1.5307337))
    assert ring[0].tolist() == [2.0, 0.0]
    assert sorted(grid.tolist()) == [[float(x), float(y)] for x in range(-4, 5, 2) for y in range(-4, 5, 2)]


def test_the_ordered_pass_is_fixed_whatever_the_batch(build):
    mixture = build(source="ring")
    by_thousand = torch.cat([batch.examples for batch in mixture.ordered(1000, CPU)])
    by_seven_thousand = [batch.examples for batch in mixture.ordered(7000, CPU)]
    assert len(by_thousand) == REFERENCE_SIZE == 50_000
    assert len(by_seven_thousand[-1]) == 1000
    assert torch.equal(torch.cat(by_seven_thousand), by_thousand)


def test_every_batch_is_fresh(build):
    loader = build(source="ring").batches(64, torch.Generator().manual_seed(0), CPU)
    assert not torch.equal(next(loader).examples, next(loader).examples)
