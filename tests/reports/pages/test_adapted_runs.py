"""The page of an adapted run speaks of domains and classes, and of nothing that is generated."""

import numpy as np
import pytest
from pagelab import IDEAL, check, metric, write_run

from equipoise.reports.features import described_features
from equipoise.reports.pages.records import RunRecords
from equipoise.reports.pages.run_charts import run_charts
from equipoise.reports.pages.run_page import run_page
from equipoise.reports.pages.run_summary import in_short

VALUES = {
    "source_accuracy": 0.9, "source_error": 0.1, "entropy": 0.2, "nuclear_norm_risk": -0.9, "dev_risk": 0.1,
    "importance_weighted_risk": 0.1, "effective_examples": 70.0, "num_weighted": 200, "expected_accuracy": 0.8,
    "domain_accuracy": 0.57, "probe_accuracy": 0.61, "oracle_validation_accuracy": 0.7, "oracle_target_accuracy": 0.6,
}  # fmt: skip
OF_GAME = {"gen_auxiliary": 0.3, "disc_accuracy": 0.55, "gen_accuracy": 0.97, "adversarial_weight": 0.5}


@pytest.fixture
def adapted_run(tmp_path):
    """Records with every name that an adapted run's have, under a V* set by hand."""
    folder = write_run(
        tmp_path,
        metrics=[metric(step, 1.35) | OF_GAME | {"disc_gap": 0.31, "disc_ideal": IDEAL} for step in range(1, 13)],
        evaluations=[
            {"step": step, "judge": "information_risk", "values": VALUES | {"information_risk": -step / 10}}
            | {"protocol": {"features": "classifier", "baseline": "none"}}
            for step in (0, 6, 12)
        ],
        data={"source": "moons"},
        target={"source": "moons"},
        game={"kind": "domain-adversarial"},
        network={"architecture": "mlp"},
        evaluation={"features": "classifier"},
    )
    domain = np.repeat([0, 1], 6)
    arrays = {"plane": np.random.default_rng(0).normal(size=(12, 2)), "domain": domain, "predicted": domain * 0}
    np.savez(folder / "samples" / "step-000012.npz", label=-domain, names=np.array(["left", "right"]), **arrays)
    return folder


def test_the_page_speaks_of_domains(adapted_run):
    run = RunRecords.read(adapted_run)
    reader = check(run_page(run, "equipoise adapt moons"))
    assert in_short(run).startswith("mlp adapted from moons to moons")
    for words in ("The domains are confused, which is the aim", "what the gap-aware rate follows", "V*", "Features"):
        assert words in reader.words
    for words in ("generated", "real examples", "Samples", "The generator", "Protocol of the distance"):
        assert words not in reader.words


def test_every_number_has_a_chart_with_a_name_and_no_constant_has_one(adapted_run):
    charts = run_charts(RunRecords.read(adapted_run))
    shown = [chart.title for chart in charts] + [curve.label for chart in charts for curve in chart.curves]
    assert not [name for name in shown if "_" in name or "weighted examples 200" in name]
    assert {"Can the domains be told apart?", "Accuracy by the labels of the target", "Gap to V*"} <= set(shown)
    assert not {"num weighted", "Num weighted", "ideal"} & set(shown)


def test_the_features_are_shown_with_their_numbers_in_words(adapted_run):
    words = described_features(adapted_run)
    assert "6 examples of the source as dots, 6 of the target as triangles" in words
    assert "The discriminator tells 57% of the held-out examples apart" in words
    assert "A fresh discriminator tells 61%" in words
    pictures = check(run_page(RunRecords.read(adapted_run), "")).all("img")
    assert words in [picture["alt"] for picture in pictures]


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04 cut short", b"\x93NUMPY"])
def test_damaged_features_are_left_out(adapted_run, content):
    (adapted_run / "samples" / "step-000012.npz").write_bytes(content)
    assert not check(run_page(RunRecords.read(adapted_run), "")).all("img")
