"""Adapting a classifier as a run: exact resuming, no way to the labels of the target, every order and method."""

import json

import numpy as np
import pytest
import torch
from PIL import Image

import equipoise.data.domains
from equipoise.config import RunSettings
from equipoise.config.files import merged
from equipoise.core.errors import IgnoredSettingWarning, ResumeWarning, UserError
from equipoise.core.files import read_json_lines
from equipoise.core.judges import RISKS
from equipoise.core.outcomes import Outcome
from equipoise.data import build_domains
from equipoise.metrics.selection import RULES
from equipoise.training import TrainedClassifier, resume, train
from equipoise.training.adapting.trained import write_predictions
from equipoise.training.orders.build import ORDERS
from equipoise.training.session import Session

MOONS = {
    "root": "",
    "name": "moons",
    "threads": 1,
    "data": {"source": "moons", "num_points": 400},
    "target": {"source": "moons", "num_points": 400, "rotation": 35.0},
    "game": {"kind": "domain-adversarial", "objective": "minimax", "adversarial_ramp": "sigmoid"},
    "network": {"architecture": "mlp", "width": 16, "depth": 1, "disc_norm": "none", "gen_norm": "none"},
    "disc": {"lr": 1e-3},
    "gen": {"lr": 1e-3},
    "training": {"steps": 12, "batch_size": 32, "log_every": 4, "sample_every": 6, "checkpoint_every": 4},
    "evaluation": {"features": "classifier", "every": 6},
}


@pytest.fixture
def moons(tmp_path):
    """Makes settings of a small run on the moons."""
    return lambda **changes: RunSettings.model_validate(merged(MOONS | {"root": str(tmp_path)}, changes))


def weights_of(session):
    return torch.cat([value.flatten().double() for value in session.board.game.gen.state_dict().values()])


def played(settings, num_rounds=6):
    session = Session(settings)
    for _ in range(num_rounds):
        session.play_round()
    return session


def test_a_run_records_both_losses_labels_domains_and_every_rule(moons, tmp_path):
    assert train(moons()).outcome is Outcome.COMPLETE
    metrics = read_json_lines(tmp_path / "moons/metrics.jsonl")
    assert [record["step"] for record in metrics] == [4, 8, 12]
    assert metrics[-1]["disc_gap"] == pytest.approx(metrics[-1]["disc_loss"] - np.log(4))
    assert metrics[-1]["adversarial_weight"] == pytest.approx(2 / (1 + np.exp(-10 * 11 / 12)) - 1)
    assert 0 <= metrics[-1]["disc_accuracy"] <= 1
    assert metrics[-1]["gen_auxiliary"] > 0
    evaluations = read_json_lines(tmp_path / "moons/evaluations.jsonl")
    assert [record["step"] for record in evaluations] == [0, 6, 12]
    assert set(RISKS.values()) <= set(evaluations[-1]["values"])
    assert evaluations[-1]["protocol"]["num_test"] == 40
    assert evaluations[0]["protocol"] == evaluations[-1]["protocol"]


def test_every_rule_has_a_name_in_the_records():
    assert set(RISKS) == set(RULES)


def test_a_resumed_run_is_the_run_that_never_stopped(moons, tmp_path, stopper):
    train(moons(name="whole"))
    stopping = stopper(5)
    train(moons(name="parts"), stopping, stopping.event)
    assert resume(tmp_path / "parts").outcome is Outcome.COMPLETE
    for name in ("gen", "gen_ema", "disc", "state"):
        path = f"checkpoints/step-000012/{name}.safetensors"
        if name != "state":
            assert (tmp_path / "whole" / path).read_bytes() == (tmp_path / "parts" / path).read_bytes()
    for name in ("evaluations.jsonl", "metrics.jsonl"):
        for one, other in zip(*(read_json_lines(tmp_path / run / name) for run in ("whole", "parts")), strict=True):
            for record in (one, other):
                for timed in ("seconds", "images_per_second"):
                    record.pop(timed, None)
            assert one == other


def test_labels_of_the_target_change_the_oracle_and_nothing_else(moons, monkeypatch, tmp_path):
    train(moons(name="right"))
    build = equipoise.data.domains.build_source

    def mislabelled(settings, *arguments, **options):
        source = build(settings, *arguments, **options)
        if settings.rotation:
            source.labels = torch.randint(2, source.labels.shape, generator=torch.Generator().manual_seed(0))
        return source

    monkeypatch.setattr(equipoise.data.domains, "build_source", mislabelled)
    train(moons(name="wrong"))
    for name in ("gen", "gen_ema", "disc"):
        path = f"checkpoints/step-000012/{name}.safetensors"
        assert (tmp_path / "right" / path).read_bytes() == (tmp_path / "wrong" / path).read_bytes()
    right, wrong = (read_json_lines(tmp_path / run / "evaluations.jsonl")[-1]["values"] for run in ("right", "wrong"))
    different = {name for name in right if right[name] != wrong[name]}
    assert different == {"oracle_validation_accuracy", "oracle_target_accuracy"}


def test_nothing_that_plays_rounds_holds_a_label_of_the_target(moons):
    session = Session(moons())
    assert all(part.labels is None for part in session.board.domains.target)
    batch = next(session.match.batches)
    assert batch._fields == ("examples", "labels")
    assert batch.target.shape == batch.examples.shape


@pytest.mark.parametrize("baseline", ["none", "source-only", "target-only"])
def test_each_domain_is_read_once_a_run(baseline, moons, monkeypatch):
    build, read = equipoise.data.domains.build_source, []

    def counted(settings, *arguments, **options):
        read.append(settings.rotation)
        return build(settings, *arguments, **options)

    monkeypatch.setattr(equipoise.data.domains, "build_source", counted)
    train(moons(adaptation={"baseline": baseline}))
    assert read == [0.0, 35.0]


def test_source_only_sees_no_example_of_the_target(moons):
    with_baseline = {"adaptation": {"baseline": "source-only"}}
    turned = [played(moons(**with_baseline, target={"rotation": angle})) for angle in (35.0, 80.0)]
    assert bool((weights_of(turned[0]) == weights_of(turned[1])).all())
    assert turned[0].match.game.adversarial_weight == 0


def test_target_only_learns_from_the_targets_labels(moons):
    session = Session(moons(adaptation={"baseline": "target-only"}))
    batch = next(session.match.batches)
    of_target = build_domains(session.settings.target, session.settings.target, session.device).source.train
    known = {
        tuple(point.tolist()): int(label) for point, label in zip(of_target._points, of_target.labels, strict=True)
    }
    assert all(known[tuple(point.tolist())] == int(label) for point, label in zip(*batch, strict=True))


@pytest.mark.parametrize("order", ORDERS)
def test_every_order_plays(order, moons):
    before = weights_of(Session(moons()))
    session = played(moons(training={"order": order, "disc_steps": 2}))
    assert bool(weights_of(session).isfinite().all())
    assert not torch.equal(weights_of(session), before)
    assert session.images == 2 * 32 * session.order.num_batches * 6


@pytest.mark.parametrize("optimizer", ["adam", "sgd", "cg-fr", "adabelief"])
def test_every_kind_of_optimiser_plays(optimizer, moons):
    session = played(moons(disc={"optimizer": optimizer}, gen={"optimizer": optimizer}))
    assert bool(weights_of(session).isfinite().all())


def test_the_gap_is_that_of_the_unweighted_loss_and_the_schedule_follows_it(moons):
    weak = {"adversarial_weight": 0.01, "weighted_disc": True}
    session = played(moons(game=weak, disc={"schedule": {"gap": "exponential", "ideal_loss": 1.0}}))
    # A weighted loss would be near 0.01 log 4, far below the ideal, and the rate at its floor.
    assert session.match.disc.gap.loss > 0.9
    assert session.match.disc.gap.factor == pytest.approx(2.0)


def test_noise_is_measured_on_both_domains(moons, tmp_path):
    train(moons(training={"measure_noise_every": 4}))
    record = read_json_lines(tmp_path / "moons/metrics.jsonl")[-1]
    assert record["gen_noise"] is not None
    assert record["disc_noise"] is not None


def test_a_run_whose_numbers_break_is_ended_by_the_guard(moons):
    ending = train(moons(gen={"optimizer": "sgd", "lr": 1e30}, training={"steps": 8, "log_every": 2}))
    assert ending.outcome is Outcome.DIVERGED


def test_another_target_is_another_run(moons, tmp_path, stopper):
    stopping = stopper(5)
    train(moons(), stopping, stopping.event)
    with pytest.raises(UserError, match=r"target.rotation was 35.0 .* but is 20.0 now"):
        resume(tmp_path / "moons", settings=moons(target={"rotation": 20.0}))


def test_another_length_is_said_to_change_lambda(moons, tmp_path, stopper):
    stopping = stopper(5)
    train(moons(), stopping, stopping.event)
    with pytest.warns(ResumeWarning, match=r"changes the numbers in force of game.adversarial_weight \(sigmoid\)"):
        resume(tmp_path / "moons", settings=moons(training={"steps": 16}))


def test_the_best_checkpoint_is_the_one_of_the_judge_and_is_what_is_loaded(moons, tmp_path):
    train(moons(adaptation={"judge": "entropy"}, training={"steps": 24}))
    records = read_json_lines(tmp_path / "moons/evaluations.jsonl")
    least = min(reversed(records), key=lambda record: record["values"]["entropy"])
    assert TrainedClassifier.load(tmp_path / "moons").state["step"] == least["step"]


def test_an_untrained_classifier_is_never_the_best(moons, tmp_path):
    # Blind to its labels: at a rate of next to nothing all evaluations are those of the untrained one.
    ending = train(moons(gen={"lr": 1e-12}, disc={"lr": 1e-12}))
    assert ending.values["best_step"] > 0


def test_too_few_examples_to_compare_are_refused_before_anything_is_written(moons, tmp_path):
    with pytest.raises(UserError, match=r"validation part of 'moons' has 2 examples, but at least 4 are needed"):
        train(moons(division={"held_out": 0.01}))
    assert not (tmp_path / "moons").exists()


def test_a_trained_classifier_measures_as_in_training_and_probes(moons, tmp_path):
    train(moons())
    found = TrainedClassifier.load(tmp_path / "moons", 12).measure()
    recorded = read_json_lines(tmp_path / "moons/evaluations.jsonl")[-1]
    probed = found["values"].pop("probe_accuracy")
    assert 0.3 < probed <= 1
    assert found["values"] == pytest.approx(recorded["values"])
    assert json.loads(json.dumps(found["protocol"])) == recorded["protocol"]


def test_features_are_kept_for_pictures_without_labels_of_the_target(moons, tmp_path):
    train(moons(adaptation={"num_pictured": 50}))
    files = sorted((tmp_path / "moons/samples").glob("*.npz"))
    assert [file.stem for file in files] == ["step-000000", "step-000006", "step-000012"]
    with np.load(files[-1], allow_pickle=False) as found:
        assert found["plane"].shape == found["points"].shape == (100, 2)
        assert set(found["label"][found["domain"] == 1]) == {-1}
        assert set(found["label"][found["domain"] == 0]) == {0, 1}
        assert list(found["names"]) == ["upper", "lower"]
        left, right, bottom, top = found["extent"]
        assert left < found["points"][:, 0].min() < found["points"][:, 0].max() < right
        assert bottom < found["points"][:, 1].min() < found["points"][:, 1].max() < top


def test_regions_say_what_the_classifier_says_there(moons, tmp_path):
    train(moons())
    trained = TrainedClassifier.load(tmp_path / "moons", 12)
    with np.load(tmp_path / "moons/samples/step-000012.npz", allow_pickle=False) as found:
        left, right, bottom, top = found["extent"]
        rows, size = found["regions"], found["regions"].shape[0]
    for row, column in ((0, 0), (10, 80), (99, 3), (50, 50)):
        place = [left + (right - left) * column / (size - 1), bottom + (top - bottom) * row / (size - 1)]
        assert trained.probabilities(torch.tensor([place], dtype=torch.float32)).argmax().item() == rows[row, column]


@pytest.fixture
def folders(tmp_path):
    """Red and blue pictures by class, and unlabelled darker ones, one of them not readable."""
    draw = np.random.default_rng(0)
    labelled, other = tmp_path / "labelled", tmp_path / "other"
    other.mkdir()
    for number in range(40):
        colour = ("blue", "red")[number % 2]
        (labelled / colour).mkdir(parents=True, exist_ok=True)
        pixels = draw.integers(0, 60, (16, 16, 3), dtype=np.uint8)
        pixels[..., 0 if colour == "red" else 2] += 150
        Image.fromarray(pixels).save(labelled / colour / f"{number}.png")
        Image.fromarray(pixels // 2).save(other / f"{number:02d}-{colour}.png")
    return labelled, other


def of_folders(root, labelled, other, **changes):
    folder = {"source": "folder", "resolution": 16, "resize": "crop", "channels": 3}
    settings = {
        **{
            "root": str(root),
            "name": "folders",
            "threads": 1,
            "network": {"architecture": "dann", "disc_norm": "none"},
        },
        **{"data": folder | {"path": str(labelled)}, "target": folder | {"path": str(other)}},
        **{"game": {"kind": "domain-adversarial", "objective": "minimax"}},
        **{
            "training": {"steps": 30, "batch_size": 16, "ema": 0.5},
            "evaluation": {"features": "classifier", "every": 15},
        },
    }
    return RunSettings.model_validate(merged(settings, changes))


def test_two_folders_become_a_classifier_that_names_the_classes_of_files(tmp_path, folders):
    assert train(of_folders(tmp_path, *folders)).outcome is Outcome.COMPLETE
    values = read_json_lines(tmp_path / "folders/evaluations.jsonl")[-1]["values"]
    assert not any(name.startswith("oracle") for name in values)
    (folders[1] / "broken.png").write_bytes(b"no picture")
    out = tmp_path / "predictions.csv"
    trained = TrainedClassifier.load(tmp_path / "folders")
    counts = write_predictions(out, trained.predict(str(folders[1])))
    assert counts[""] == 1
    lines = out.read_text().splitlines()
    assert lines[0] == "file,class,confidence"
    assert len(lines) == 42
    right = [line for line in lines[1:] if line.split("-")[-1].partition(".")[0] == line.split(",")[1]]
    assert len(right) >= 36
    with pytest.raises(UserError, match="exists already"):
        write_predictions(out, trained.predict(str(folders[1])))


def test_a_table_that_cannot_be_written_is_said_before_an_image_is_read(tmp_path):
    (tmp_path / "file").write_text("")
    for out in (tmp_path / "nowhere/out.csv", tmp_path / "file/out.csv", tmp_path / ("x" * 250)):
        with pytest.raises(UserError, match=rf"'{out}' cannot be written \(.*\); give another --out"):
            write_predictions(out, (pytest.fail("an image was read") for _ in range(1)))


def test_images_of_another_size_are_refused_or_brought_to_it(tmp_path, folders):
    train(of_folders(tmp_path, *folders, target={"resize": "none"}, training={"steps": 1}))
    trained = TrainedClassifier.load(tmp_path / "folders")
    large = tmp_path / "large"
    large.mkdir()
    Image.new("RGB", (40, 30)).save(large / "one.png")
    with pytest.raises(UserError, match="the classifier takes 16 x 16 pixels"):
        list(trained.predict(str(large)))
    assert len(list(trained.predict(str(large), "crop"))) == 1


def test_points_cannot_be_applied_to_a_folder_nor_a_gan_loaded_as_a_classifier(moons, tmp_path):
    train(moons(training={"steps": 1}))
    with pytest.raises(UserError, match="classifies points, not images"):
        list(TrainedClassifier.load(tmp_path / "moons").predict(str(tmp_path)))
    train(RunSettings(root=str(tmp_path), name="gan", game={"kind": "bilinear"}, training={"steps": 1}))
    with pytest.raises(UserError, match="trains no classifier; give a run of 'equipoise adapt'"):
        TrainedClassifier.load(tmp_path / "gan")


def test_settings_of_another_game_are_refused_or_warned_of():
    with pytest.raises(
        ValueError, match=r"cannot be measured by 'points'; set evaluation\.features to classifier or none"
    ):
        RunSettings(game={"kind": "domain-adversarial"}, evaluation={"features": "points"})
    with pytest.raises(ValueError, match="cannot be measured by 'classifier'"):
        RunSettings(evaluation={"features": "classifier"})
    with pytest.warns(IgnoredSettingWarning, match="settings of target are ignored because game.kind is 'generative'"):
        RunSettings(target={"source": "moons"})


@pytest.mark.parametrize(
    ("section", "setting"),
    [
        ("game", {"latent_dim": 7}),
        ("game", {"latents": "uniform"}),
        ("adaptation", {"probe": True}),
        ("adaptation", {"judge": "dev"}),
    ],
)
def test_a_setting_that_nothing_reads_is_warned_of(section, setting):
    (name,) = setting
    with pytest.warns(IgnoredSettingWarning, match=f"{name}=.* is ignored because"):
        RunSettings.model_validate(merged({"game": {"kind": "domain-adversarial"}}, {section: setting}))
