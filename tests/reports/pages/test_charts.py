"""Curves: nothing of the records is lost by thinning that an eye would miss, and every picture is well-formed."""

import json
import xml.etree.ElementTree as ElementTree
from dataclasses import replace

import numpy as np
import pytest

from equipoise.reports.pages.axes import Axis, value_axis
from equipoise.reports.pages.charts import HEIGHT, WIDTH, Chart, Curve
from equipoise.reports.pages.thinning import Line, thinned

NAN = float("nan")


def curve(values, steps=None, label="disc", **more):
    values = np.array(values, dtype=float)
    steps = np.arange(len(values), dtype=float) if steps is None else np.array(steps, dtype=float)
    return Curve(label, thinned(steps, values), "disc", **more)


def shapes(chart, look):
    return [path.get("d") for path in ElementTree.fromstring(str(chart.svg)).iter("path") if path.get("class") == look]


def test_thinning_is_the_mean_and_the_extremes_of_each_column():
    generator = np.random.default_rng(0)
    values = generator.normal(size=5000)
    values[generator.random(5000) < 0.2] = NAN
    steps = np.cumsum(generator.integers(1, 9, 5000)).astype(float)
    line = thinned(steps, values, num_columns=50)
    edges = np.linspace(steps[0], steps[-1], 51)
    for place in range(50):
        last = place == 49
        inside = (steps >= edges[place]) & ((steps <= edges[place + 1]) if last else (steps < edges[place + 1]))
        column = values[inside]
        assert line.values[place] == pytest.approx(np.nanmean(column))
        assert (line.low[place], line.high[place]) == (np.nanmin(column), np.nanmax(column))
        assert line.steps[place] == pytest.approx(steps[inside].mean())
    assert line.num_missing == np.isnan(values).sum()


def test_one_spike_in_a_hundred_thousand_records_is_seen():
    values = np.ones(100_000)
    values[54_321] = 1e6
    line = thinned(np.arange(100_000.0), values)
    assert len(line.steps) <= 400
    assert line.high.max() == 1e6


def test_a_column_without_finite_values_is_a_gap():
    values = np.ones(1000)
    values[400:500] = NAN
    line = thinned(np.arange(1000.0), values, num_columns=10)
    assert np.isnan(line.values).tolist() == [place == 4 for place in range(10)]
    assert (line.num_missing, line.first_missing) == (100, 400.0)


def test_few_records_stay_as_they_are_and_endless_ones_are_gaps():
    line = thinned(np.arange(3.0), np.array([1.0, np.inf, 2.0]))
    assert np.isnan(line.values).tolist() == [False, True, False]
    assert line.num_missing == 1


def test_large_values_do_not_overflow_into_nothing():
    line = thinned(np.arange(1000.0), np.full(1000, 1e100), num_columns=2)
    assert np.isfinite(line.values).all()


def test_gaps_split_a_curve_and_single_points_are_dots():
    chart = Chart("Losses", [curve([1.0, 2.0, NAN, 3.0, NAN, 4.0, 5.0])])
    (path,) = shapes(chart, "curve disc")
    assert path.count("M") == 3
    assert path.count("h0") == 1


@pytest.mark.parametrize(
    "values", [[1.0], [NAN, 2.0], [0.0, 0.0], [-1.0, 1e-300], [1e99, -1e99], [1e-9, 1e9], [5, 5, 5]]
)
@pytest.mark.parametrize("may_be_log", [False, True])
def test_any_curve_is_drawn_inside_its_picture(values, may_be_log):
    chart = Chart("x", [curve(values, ideal=0.5, ideal_label="ideal")], may_be_log=may_be_log, marks=[0.0, 99.0])
    root = ElementTree.fromstring(str(chart.svg))
    for path in root.iter("path"):
        numbers = [float(word) for word in path.get("d").translate(str.maketrans("MLHVhZ", "      ")).split()]
        assert all(-1 <= number <= max(WIDTH, HEIGHT) + 1 for number in numbers)
    assert len(list(root.iter("text"))) >= 3


def test_axes_are_monotone_and_their_ticks_lie_on_them():
    for axis in (Axis(-2.0, 7.0, 10.0, 90.0), Axis(1e-3, 1e3, 10.0, 90.0, is_log=True), Axis(3.0, 4.0, 90.0, 10.0)):
        places = [axis.place(value) for value in np.linspace(axis.low, axis.high, 50)]
        assert (np.sign(np.diff(places)) == np.sign(axis.end - axis.start)).all()
        assert 2 <= len(axis.ticks()) <= 9
        assert all(axis.low <= tick <= axis.high for tick in axis.ticks())


def test_a_few_extremes_do_not_hide_all_else_and_are_told_of():
    values = np.concatenate([np.linspace(1, 2, 200), [1e6]])
    chart = Chart("Losses", [curve(values)])
    assert chart.axes[1].high < 10
    assert any("up to 1,000,000" in remark for remark in chart.remarks)
    assert value_axis(np.linspace(1, 2, 200), 0, 1, may_be_log=False).high > 2


def test_positive_values_over_much_are_logarithmic_where_that_makes_sense():
    values = np.array([0.001, 1.0, 100.0])
    assert value_axis(values, 0, 1, may_be_log=True).is_log
    assert not value_axis(values, 0, 1, may_be_log=False).is_log
    assert value_axis(np.array([0.0, 0.01, 1.0, 100.0]), 0, 1, may_be_log=True).is_log
    assert not value_axis(np.array([-1.0, -5.0, 100.0]), 0, 1, may_be_log=True).is_log


def test_a_picture_says_in_words_what_it_shows():
    chart = Chart("Losses", [curve([1.0, NAN, 3.0], steps=[10, 20, 30], ideal=1.386, ideal_label="ideal")])
    assert chart.alternative == ("Losses. disc: from 1 at step 10 to 3 at step 30, least 1, most 3; ideal 1.386.")
    assert chart.remarks == ["disc: 1 value is missing or not finite, the first at step 20."]
    assert Chart("x", [curve([NAN, NAN])]).alternative == "x. disc: no finite values."


def test_names_cannot_break_out_of_the_picture():
    evil = '"><script>alert(1)</script>'
    chart = Chart(evil, [curve([1.0, 2.0], label=evil)], name=evil)
    assert "<script" not in str(chart.svg)
    assert evil in ElementTree.fromstring(str(chart.svg)).get("aria-label")


def test_the_table_has_first_and_last_and_gaps_in_words():
    chart = Chart("Losses", [curve([1.0, NAN, *range(100)]), curve([5.0], label="gen")])
    table = chart.table
    assert table.columns == ["step", "disc", "gen"]
    assert len(table.rows) <= 24
    assert table.rows[0] == ["0", "1", "5"]
    assert table.rows[-1] == ["101", "99", "none"]


def test_numbers_are_json_and_short():
    numbers = json.loads(json.dumps(Chart("x", [curve([1 / 3, NAN, 2.0])]).numbers))
    assert numbers["curves"][0]["values"] == [0.33333, None, 2]


def test_an_interval_is_a_band():
    line = Line(np.arange(3.0), np.ones(3), np.full(3, 0.5), np.full(3, 2.0))
    chart = Chart("FD", [Curve("FD", line, "third")])
    assert len(shapes(chart, "band third")) == 1
    assert not shapes(Chart("FD", [replace(chart.curves[0], line=thinned(line.steps, line.values))]), "band third")


def test_the_same_numbers_give_the_same_bytes():
    first, second = (str(Chart("x", [curve(np.sin(np.arange(2000.0)))]).svg) for _ in range(2))
    assert first == second
