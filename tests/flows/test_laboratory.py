"""The laboratory: its measure, its treatments, and the two findings that its documentation is built on."""

import math

import pytest
import torch

from equipoise.config.flows import LaboratorySettings
from equipoise.flows import BestResponse, Result, build_scheme, integrate
from equipoise.flows.laboratory import CURES, ILLNESSES, build_flow, judge, play, served_modes
from equipoise.metrics import Coverage


def small(**changes):
    return LaboratorySettings(**{"num_particles": 64, "num_data": 500, "num_frequencies": 64, "frames": 20, **changes})


@pytest.mark.parametrize(
    ("counts", "total", "expected"),
    [((8,) * 8, 64, 8), ((64, 0, 0), 64, 1), ((32, 32, 0), 64, 2), ((32, 0), 64, 0.5), ((0, 0), 9, 0)],
)
def test_modes_served(counts, total, expected):
    assert served_modes(Coverage(counts, total)) == pytest.approx(expected)


@pytest.mark.parametrize("illness", ILLNESSES)
@pytest.mark.parametrize("cure", [name for name in CURES if name != "none"])
def test_a_cure_changes_one_thing(illness, cure):
    ill, cured = ILLNESSES[illness], CURES[cure](ILLNESSES[illness])
    changed = [name for name in vars(ill) if getattr(ill, name) != getattr(cured, name)]
    assert len(changed) == 1


@pytest.mark.parametrize("illness", ILLNESSES)
@pytest.mark.parametrize("cure", CURES)
@pytest.mark.parametrize("data", ["ring", "grid"])
def test_every_treatment_is_played_and_repeats_itself(data, illness, cure):
    settings = small(data=data, illness=illness, time=1.0, frames=5)
    one, again = (play(settings, cure, seed=3) for _ in range(2))
    assert torch.equal(one.clouds[-1], again.clouds[-1])
    assert all(cloud.isfinite().all() for cloud in one.clouds)
    assert one.trajectory.result is Result.REACHED or one.trajectory.note
    assert len(one.times) == len(one.clouds) == len(one.coverage) == len(one.discrepancy)
    assert one.coverage[0].num_modes == {"ring": 8, "grid": 25}[data]
    other = play(settings, cure, seed=4)
    assert not torch.equal(one.clouds[-1], other.clouds[-1])


def test_replay_of_everything_is_the_mean_of_all_former_clouds():
    settings = small()
    flow = build_flow(settings, CURES["replay"](ILLNESSES["unforgetting"]), 0)
    clouds = [torch.randn(64, 2, generator=torch.Generator().manual_seed(n), dtype=torch.float64) for n in range(4)]
    for cloud in clouds[:3]:
        flow.remember(cloud)
    embedded = [flow.space.embed(cloud, flow.weights) for cloud in clouds]
    expected = 0.5 * embedded[3] + 0.5 * torch.stack(embedded[:3]).mean(0)
    torch.testing.assert_close(flow.fakes(clouds[3]), expected, rtol=1e-12, atol=1e-13)


def test_the_average_is_judged_as_all_clouds_of_the_later_half_pooled():
    settings, treatment = small(time=2.0), CURES["averaging"](ILLNESSES["unforgetting"])
    flow = build_flow(settings, treatment, 0)
    trajectory = integrate(flow, build_scheme("explicit"), 0.1, 2.0)
    course = judge(settings, treatment, flow, trajectory)
    pooled = torch.cat([state.gen for state in trajectory.states[10:21]])
    assert course.coverage[20].num_samples == len(pooled)
    weights = torch.full((len(pooled),), 1 / len(pooled), dtype=torch.float64)
    contrast = flow.target - flow.space.embed(pooled, weights)
    assert course.discrepancy[20] == pytest.approx(contrast.norm().item(), rel=1e-10)


def test_the_memoryless_critic_is_the_best_response():
    flow = build_flow(small(), ILLNESSES["memoryless"], 0)
    assert isinstance(flow, BestResponse)
    settled = flow.settle(flow.start)
    assert flow.flow.disc_velocity(settled).abs().max() < 1e-12
    assert math.isinf(ILLNESSES["memoryless"].ratio)


def test_long_steps_against_a_memoryless_critic_lose_the_modes_and_short_ones_find_them():
    settings = small(illness="memoryless", num_particles=128, num_frequencies=128, time=10.0)
    for seed in range(2):
        ill, cured = play(settings, "none", seed), play(settings, "smaller-steps", seed)
        assert ill.late() < 2
        assert cured.late() > 6


def test_an_unforgetting_critic_collapses_and_damping_prevents_it():
    settings = small(illness="unforgetting", num_particles=128, num_frequencies=128, time=40.0)
    for seed in range(2):
        ill, cured = play(settings, "none", seed), play(settings, "damping", seed)
        assert max(ill.served()) > 5  # it had found them
        assert ill.late() < 4.5
        assert cured.late() > 5.5
