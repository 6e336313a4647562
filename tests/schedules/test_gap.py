"""The gap-aware factor against the paper's two branches, written out, and its thresholds against the paper's table."""

import math
import statistics

import pytest
import torch

from equipoise.config import ScheduleSettings
from equipoise.core.errors import UserError
from equipoise.games import OBJECTIVES
from equipoise.schedules import GapAware, GapCurve, build_gap_aware, gap_factor


def by_the_paper(loss, ideal, x_max, x_min, f_max=2.0, h_min=0.1):
    """Section 3 of Hazimeh & Ponomareva 2023, branch by branch."""
    gap = abs(loss - ideal)
    if loss >= ideal:
        return min(f_max ** (gap / x_max), f_max)
    return max(h_min ** (gap / x_min), h_min)


def linearly(loss, ideal, x_max, x_min, f_max=2.0, h_min=0.1):
    gap = abs(loss - ideal)
    if loss >= ideal:
        return min(1 + (f_max - 1) * gap / x_max, f_max)
    return max(1 - (1 - h_min) * gap / x_min, h_min)


LOSSES = [-3.0, 0.5, 1.2, 1.24, 1.3, 1.38, 1.387, 1.45, 1.5, 1.53, 9.0]


@pytest.mark.parametrize(("interpolation", "formula"), [("exponential", by_the_paper), ("linear", linearly)])
@pytest.mark.parametrize("loss", LOSSES)
def test_both_branches(interpolation, formula, loss):
    ideal, x_max, x_min = math.log(4), 0.13, 0.17
    curve = GapCurve(above=x_max, below=x_min, interpolation=interpolation)
    assert gap_factor(loss, ideal, curve) == pytest.approx(formula(loss, ideal, x_max, x_min), rel=1e-12)


@pytest.mark.parametrize("interpolation", ["exponential", "linear"])
def test_tensors_of_any_shape_as_numbers_one_by_one(interpolation):
    curve = GapCurve(above=0.13, below=0.17, interpolation=interpolation)
    losses = torch.tensor([LOSSES, LOSSES[::-1]], dtype=torch.float64)
    expected = [[gap_factor(loss, 1.386, curve) for loss in row] for row in losses.tolist()]
    torch.testing.assert_close(gap_factor(losses, 1.386, curve), torch.tensor(expected, dtype=torch.float64))
    assert gap_factor(torch.tensor(1e30), 1.386, curve).item() == 2.0
    assert gap_factor(losses.float(), 1.386, curve).dtype == torch.float32


def test_no_loss_overflows_and_nan_is_passed_on():
    curve = GapCurve(above=1e-3, below=1e-3)
    assert gap_factor(1e308, 0.0, curve) == 2.0
    assert gap_factor(-1e308, 0.0, curve) == 0.1
    assert gap_factor(math.inf, 0.0, curve) == 2.0
    assert math.isnan(gap_factor(math.nan, 0.0, curve))
    assert gap_factor(torch.tensor(math.nan), 0.0, curve).isnan()


def test_thresholds_of_the_paper():
    """A tenth of the ideal value, but the length 0.1 for Wasserstein, whose ideal is 0."""
    expected = {"nonsaturating": 0.1 * math.log(4), "least-squares": 0.05, "wasserstein": 0.1, "hinge": 0.2}
    for name, length in expected.items():
        curve = GapAware(OBJECTIVES[name].ideal_disc_loss).curve
        assert (curve.above, curve.below) == pytest.approx((length, length))
    assert (curve.max_factor, curve.min_factor, GapAware(0.0).average) == (2.0, 0.1, 0.95)
    assert GapCurve.around(-2.0).above == pytest.approx(0.2)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"above": 0.0}, "above=0.0"),
        ({"below": -1.0}, "below=-1.0"),
        ({"below": math.nan}, "below=nan"),
        ({"above": math.inf}, "above=inf"),
        ({"max_factor": 0.9}, "max_factor=0.9"),
        ({"min_factor": 0.0}, "min_factor=0.0"),
        ({"min_factor": 1.1}, "min_factor=1.1"),
        ({"interpolation": "cubic"}, "Unknown interpolation 'cubic'"),
    ],
)
def test_curves_that_are_refused(change, words):
    with pytest.raises(UserError, match=words):
        GapCurve(**{"above": 0.1, "below": 0.1} | change)


@pytest.mark.parametrize("options", [{"ideal_loss": math.nan}, {"ideal_loss": 1.0, "average": 1.0}])
def test_averages_that_are_refused(options):
    with pytest.raises(UserError, match="gap-aware factor was given"):
        GapAware(**options)


def test_one_update_of_delay_does_not_matter():
    """It shifts log factor by at most its slope times a twentieth of how far the newest loss is off the average.

    Over a run of noisy losses that swing around the ideal, that is 4 % on average and nothing in the mean.
    """
    prompt, late = GapAware(math.log(4), late=False), GapAware(math.log(4), late=True)
    slope = math.log(1 / prompt.curve.min_factor) / prompt.curve.below
    generator, shifts = torch.Generator().manual_seed(0), []
    for step in range(2000):
        loss = math.log(4) + 0.2 * math.sin(step / 100) + 0.05 * torch.randn((), generator=generator)
        surprise = abs(loss.item() - prompt.loss)
        prompt.observe(loss)
        late.observe(loss)
        shifts.append(math.log(prompt.factor / late.factor))
        assert abs(shifts[-1]) <= slope * 0.05 * surprise + 1e-6
    assert statistics.fmean(map(abs, shifts)) < 0.04
    assert abs(statistics.fmean(shifts)) < 0.002


def test_built_from_settings():
    settings = ScheduleSettings(
        gap="linear",
        ideal_loss=1.0,
        gap_above=0.2,
        gap_below=0.3,
        gap_max_factor=4,
        gap_min_factor=0.5,
        gap_average=0.5,
    )
    gap = build_gap_aware(settings, math.log(4), "disc")
    assert gap.ideal_loss == 1.0
    assert gap.average == 0.5
    assert gap.curve == GapCurve(above=0.2, below=0.3, max_factor=4.0, min_factor=0.5, interpolation="linear")
    assert build_gap_aware(ScheduleSettings(gap="exponential"), 0.5, "disc").ideal_loss == 0.5
    assert build_gap_aware(ScheduleSettings(), None, "disc") is None
    with pytest.raises(UserError, match=r"set gen\.schedule\.ideal_loss to a number"):
        build_gap_aware(ScheduleSettings(gap="exponential"), None, "gen")
