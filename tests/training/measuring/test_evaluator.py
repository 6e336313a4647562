"""Evaluations: streamed values are those of the whole set at once, no more than a batch is held, best by the judge."""

import gc
import math
import typing
import weakref
from dataclasses import replace

import numpy as np
import pytest
import torch

from equipoise.config import DataSettings, EvaluationSettings, RunSettings
from equipoise.config.evaluation import MeasureName
from equipoise.core.errors import UserError
from equipoise.core.seeding import derived_seed
from equipoise.data import build_source
from equipoise.metrics import Moments, build_features, class_coverage, frechet_distance, mode_coverage
from equipoise.training.measuring.evaluator import build_evaluator
from equipoise.training.measuring.example_sets import as_seen
from equipoise.training.measuring.measures import MEASURES

CPU = torch.device("cpu")


def evaluator(source="digits", features="digits", **fields):
    evaluation = EvaluationSettings(features=features, num_samples=400, batch_size=150, **fields)
    return build_evaluator(RunSettings(seed=3, data=DataSettings(source=source), evaluation=evaluation), CPU)


def make_images(number, generator):
    return torch.rand((number, 1, 8, 8), generator=generator) * 2 - 1


def make_points(number, generator):
    return torch.randn((number, 2), generator=generator) * 2


def whole(make):
    generator = torch.Generator().manual_seed(derived_seed(3, "evaluation"))
    return torch.cat([make(number, generator) for number in (150, 150, 100)])


def test_streamed_values_are_those_of_all_images_at_once():
    features = build_features("digits")
    images = as_seen(whole(make_images))
    real = next(build_source(DataSettings(), CPU).ordered(2000, CPU)).examples
    expected = frechet_distance(Moments.from_features(features(images)), Moments.from_features(features(real)))
    found = evaluator().evaluate(make_images)
    assert found["values"]["fd"] == pytest.approx(expected, rel=1e-6)
    assert found["values"]["classes"] == class_coverage(features.classify(images)).num_found
    assert found["protocol"]["num_samples"] == 400
    assert found["judge"] == "fd"


def test_streamed_modes_are_those_of_all_points_at_once():
    measuring = evaluator("ring", "points")
    modes = mode_coverage(whole(make_points), measuring.reference.centres, measuring.reference.std)
    values = measuring.evaluate(make_points)["values"]
    assert (values["modes"], values["high_quality"]) == (modes.num_found, modes.high_quality)
    assert 0 < values["mode_error"] <= 1


def test_no_more_than_a_batch_is_held():
    batches = []

    def make(number, generator):
        gc.collect()
        # The batch looked at last may still be bound where it was looped over.
        assert sum(batch() is not None for batch in batches) <= 1
        images = make_images(number, generator)
        batches.append(weakref.ref(images))
        return images

    evaluator().evaluate(make)
    assert len(batches) == 3


def test_every_measure_can_be_recorded_with_its_interval():
    assert set(typing.get_args(MeasureName)) == set(MEASURES)
    found = evaluator(measures=tuple(MEASURES), intervals=True).evaluate(make_images)
    alone = evaluator(measures=tuple(MEASURES)).evaluate(make_images)
    assert alone["intervals"] == {}
    assert alone["values"] == pytest.approx(found["values"], rel=1e-6)
    names = {"fd", "fd_infinity", "kid", "is", "is_std", "precision", "recall", "density", "coverage"}
    assert names | {"sliced_wasserstein", "classes"} == set(found["values"])
    assert set(found["intervals"]) == names - {"is", "is_std"} | {"sliced_wasserstein"}
    for name, interval in found["intervals"].items():
        assert interval["low"] <= found["values"][name] <= interval["high"]


@pytest.mark.parametrize(
    ("source", "features", "make"), [("digits", "digits", make_images), ("ring", "points", make_points)]
)
def test_numbers_that_are_not_finite_are_nan(source, features, make):
    def broken(number, generator):
        return make(number, generator) * math.nan

    found = evaluator(source, features).evaluate(broken)
    assert all(math.isnan(value) for value in found["values"].values())
    assert found["judge"] in found["values"]


def test_finite_numbers_whose_moments_overflow_are_nan_and_collapsed_huge_ones_are_measured():
    measuring = evaluator("ring", "points")
    found = measuring.evaluate(lambda number, generator: make_points(number, generator).double() * 1e200)
    assert set(found["values"]) == {"fd", "mode_error"}
    assert all(math.isnan(value) for value in found["values"].values())

    def on_a_line(number, generator):
        return make_points(number, generator)[:, :1] * torch.tensor([1e6, -9e5])

    assert measuring.evaluate(on_a_line)["values"]["fd"] > 1e11


def test_a_reference_that_cannot_be_measured_is_no_divergence():
    measuring = evaluator("ring", "points")
    wrong = Moments(np.zeros(2), np.array([[1.0, 2.0], [2.0, 1.0]]), protocol=measuring._real.moments.protocol)
    measuring._real = replace(measuring._real, moments=wrong)
    with pytest.raises(UserError, match="negative variance"):
        measuring.evaluate(make_points)


def test_a_second_evaluator_looks_at_the_reference_no_more(monkeypatch):
    first = evaluator().evaluate(make_images)
    monkeypatch.setattr("equipoise.data.memory.InMemoryImages.ordered", lambda *_: pytest.fail("looked again"))
    assert evaluator().evaluate(make_images)["values"] == first["values"]


def test_another_number_of_reference_points_is_another_key(monkeypatch):
    source = build_source(DataSettings(source="ring"), CPU)
    before = source.fingerprint()
    monkeypatch.setattr("equipoise.data.mixtures.REFERENCE_SIZE", 1000)
    assert source.fingerprint() != before
    monkeypatch.undo()
    monkeypatch.setattr("equipoise.data.mixtures._REFERENCE_SEED", 1)
    assert source.fingerprint() != before
