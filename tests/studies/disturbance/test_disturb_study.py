"""The disturbance study as a whole: what it writes agrees with itself, with the library, and with the figure."""

import csv
import json

import numpy as np
import pytest
from PIL import Image

from equipoise.config.disturb import DisturbSettings
from equipoise.core.errors import UserError
from equipoise.reports.disturbances import draw_disturbances
from equipoise.studies.disturbance.results import as_csv, verdict
from equipoise.studies.disturbance.study import study_disturbances
from equipoise.training import Reading, compare

SEEDS = {"1": 0, "2": 0, "3": 1}
"""Folders and seeds: the same twice, and another."""


@pytest.fixture
def settings(tmp_path):
    def make(**fields):
        return DisturbSettings(**{"num_samples": 150, "out": str(tmp_path / "study"), "batch_size": 60, **fields})

    return make


@pytest.fixture
def noise_pictures(tmp_path):
    folder = tmp_path / "others"
    folder.mkdir()
    rng = np.random.default_rng(0)
    for k in range(12):
        Image.fromarray(rng.integers(0, 256, (20, 30, 3), dtype=np.uint8)).save(folder / f"{k}.png")
    return folder


def test_six_disturbances_of_the_digits(settings, noise_pictures):
    done = []
    study = study_disturbances(settings(contaminate=str(noise_pictures)), lambda *progress: done.append(progress))
    assert [result.name for result in study.results][-1] == "contamination"
    assert len(study.results) == 6
    assert {result.verdict for result in study.results} == {"rises at every level"}
    undisturbed = compare("digits", "digits", "digits", reading=Reading(max_samples=150), intervals=False)
    reference = compare("digits", "digits", "digits", intervals=False).moments[1]
    from equipoise.metrics import frechet_distance

    expected = frechet_distance(undisturbed.moments[0], reference)
    assert [result.distances[0] for result in study.results] == pytest.approx([expected] * 6, rel=1e-6)
    assert done[-1] == ("disturbing", 150, 150)
    assert study.remarks == ()


def test_what_is_written_agrees(settings):
    study = study_disturbances(settings())
    record = json.loads((study.folder / "study.json").read_text())
    rows = list(csv.DictReader((study.folder / "distances.csv").read_text().splitlines()))
    assert (study.folder / "distances.csv").read_text() == as_csv(study)
    assert len(rows) == sum(len(result["levels"]) for result in record["results"]) == 20
    for result, found in zip(record["results"], study.results, strict=True):
        assert result["distances"] == list(found.distances)
        assert [float(row["distance"]) for row in rows if row["disturbance"] == result["name"]] == result["distances"]
    assert record["settings"]["num_samples"] == 150
    assert record["protocol"]["features"] == "digits"
    assert "five disturbances" in record["remarks"][0]
    assert len(list((study.folder / "examples").glob("*.png"))) == 1 + 5 * 3
    picture = draw_disturbances(study.folder)
    with Image.open(picture) as drawn:
        assert drawn.size[0] > 800


def test_the_same_seed_gives_the_same_numbers(settings, tmp_path):
    first, again, other = (
        study_disturbances(settings(out=str(tmp_path / name), seed=seed)) for name, seed in SEEDS.items()
    )
    assert first.results == again.results
    assert first.results != other.results


def test_all_of_the_data_is_at_no_distance(settings):
    study = study_disturbances(settings(num_samples=10_000, batch_size=500))
    assert study.results[0].distances[0] < 1e-9
    assert "the distance of the undisturbed ones is 0" in study.remarks[1]


def test_an_existing_folder_is_refused_before_anything_is_done(settings, tmp_path):
    (tmp_path / "study").mkdir()
    with pytest.raises(UserError, match="exists already"):
        study_disturbances(settings(data="nowhere"))


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"data": "nowhere", "features": "digits"}, "nothing at 'nowhere'"),
        ({"data": "ring", "features": "points"}, "only images can be disturbed"),
        ({"features": "mnist"}, "(1, 28, 28)"),
        ({"contaminate": "ring"}, "are not resized"),
        ({"contaminate": "nowhere"}, "nothing at 'nowhere'"),
    ],
)
def test_a_study_that_cannot_be_made_writes_nothing(settings, tmp_path, fields, words):
    with pytest.raises(UserError) as error:
        study_disturbances(settings(**fields))
    assert words in str(error.value)
    assert not (tmp_path / "study").exists()


@pytest.mark.parametrize(
    ("distances", "words"),
    [
        ((0.7, 371.0, 383.0, 381.0), "falls from level 0.2 to 0.3"),
        ((0.7, 41.6, 76.3, 218.0), "rises at every level"),
        ((1.0, 1.0, 0.5, 2.0), "falls from level 0 to 0.1, 0.1 to 0.2"),
    ],
)
def test_the_verdict_is_as_found(distances, words):
    """The first row is the paper's own salt and pepper, the second its noise."""
    assert verdict((0.0, 0.1, 0.2, 0.3), distances) == words
