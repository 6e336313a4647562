"""A whole diagnosis: what is written where, what is left alone, and what is said of runs that cannot be measured."""

import json
import shutil

import pytest

from equipoise.config.diagnosis import MEASUREMENT_NAMES, DiagnosisSettings
from equipoise.core.errors import DataWarning, ResumeWarning, UserError
from equipoise.training import RunFolder, diagnose
from equipoise.training.checkpoint import checkpoint_path, load_network, load_state, save_checkpoint

QUICK = {
    "num_batches": 2,
    "num_samples": 20,
    "dense_up_to": 10,
    "max_products": 50,
    "path_points": 5,
    "probe_rounds": 2,
}
KEYS = ["format", "title", "step", "verdict", "sentences", "tables", "figures", "advice", "measurements"]
KEYS += ["not_measured", "settings", "seconds"]


def quick(**changes):
    return DiagnosisSettings.model_validate({**QUICK, **changes})


@pytest.fixture
def run(run_of, tmp_path):
    """A copy of a run, to be written to."""

    def copy(name):
        return shutil.copytree(run_of(name), tmp_path / name)

    return copy


def contents(folder):
    return {path: (path.read_bytes(), path.stat().st_mtime_ns) for path in folder.rglob("*") if path.is_file()}


def test_the_newest_checkpoint_is_measured_and_nothing_else_is_written(run):
    folder = run("points")
    before = contents(folder)
    (found,) = diagnose(folder, quick())
    after = contents(folder)
    written = folder / "diagnosis" / "step-000004.json"
    assert set(after) - set(before) == {written}
    assert {path: after[path] for path in before} == before
    assert json.loads(written.read_text()) == found
    assert list(found) == KEYS
    assert found["step"] == 4
    assert set(found["measurements"]) == set(MEASUREMENT_NAMES) - {"memorisation"}
    assert list(found["not_measured"]) == ["memorisation"]
    assert found["sentences"] == [each["sentence"] for each in found["advice"]]
    assert found["verdict"].endswith(".")
    assert [table["title"] for table in found["tables"]][-1] == "Not measured"
    assert found["measurements"]["path"]["from_step"] == 0
    assert found["measurements"]["path"]["length"] > 0


def test_pictures_of_nearest_neighbours(run):
    folder = run("images")
    (found,) = diagnose(folder, quick(measure=["memorisation"]))
    (figure,) = found["figures"]
    assert (folder / "diagnosis" / figure["file"]).read_bytes().startswith(b"\x89PNG")
    assert len(found["measurements"]["memorisation"]["closest"]) == 8
    (again,) = diagnose(folder, quick(measure=["losses"]))
    assert again["figures"] == []
    assert not (folder / "diagnosis" / figure["file"]).exists()


def test_the_same_call_gives_the_same_record(run):
    folder = run("points")
    once, again = (diagnose(folder, quick())[0] for _ in range(2))
    assert {key: value for key, value in once.items() if key != "seconds"} == {
        key: value for key, value in again.items() if key != "seconds"
    }


def test_several_checkpoints_and_a_chosen_path(run):
    folder = run("points")
    settings = quick(step=[4, 2, 4], path_from=2, measure=["path", "losses"])
    late, early = diagnose(folder, settings)
    assert (late["step"], early["step"]) == (4, 2)
    assert late["measurements"]["path"]["from_step"] == 2
    assert early["not_measured"] == {"path": "The path would begin and end at the same weights."}
    assert late["verdict"] == "No verdict on stability. The spectrum was not asked for."
    alone = diagnose(folder, quick(step=[2], measure=["losses"]))[0]
    assert alone["measurements"]["losses"] == early["measurements"]["losses"]


def test_a_game_between_points(run):
    (found,) = diagnose(run("bilinear"), quick())
    assert found["verdict"].startswith("Rotating")
    assert "--training.order extragradient" in found["sentences"][0]
    assert set(found["not_measured"]) == {"noise", "probe", "modes", "memorisation"}


def test_a_game_between_domains(run):
    (found,) = diagnose(run("domains"), quick())
    assert set(found["measurements"]) == set(MEASUREMENT_NAMES) - {"modes", "memorisation"}
    assert all(why.startswith("A domain-adversarial game generates no") for why in found["not_measured"].values())
    assert found["measurements"]["noise"]["batch_size"] == found["measurements"]["spectrum"]["num_examples"] == 16
    assert not any("generator is good" in sentence for sentence in found["sentences"])


def test_the_ending_of_the_run_is_told(run):
    folder = run("bilinear")
    (folder / "outcome.json").write_text('{"outcome": "diverged", "sentence": "Diverged at step 9: so it was."}')
    assert "Diverged at step 9: so it was." in diagnose(folder, quick())[0]["sentences"][0]
    (folder / "outcome.json").write_text("nonsense")
    assert "Diverged" not in diagnose(folder, quick())[0]["sentences"][0]


def test_weights_that_are_not_finite_are_said_and_the_rest_is_measured(run):
    folder = run("points")
    path = checkpoint_path(folder / "checkpoints", 4)
    networks = {name: load_network(path, name) for name in ("disc", "gen", "gen_ema")}
    next(iter(networks["gen"].values())).view(-1)[0] = float("nan")
    save_checkpoint(folder / "checkpoints", 4, networks, load_state(path))
    (found,) = diagnose(folder, quick())
    assert found["verdict"] == "Broken: the weights of the generator are not finite."
    assert found["advice"][0]["rule"] == "is_broken"
    assert set(found["measurements"]) == {"losses", "modes"}
    assert found["measurements"]["losses"]["disc"]["loss"] is None
    assert found["measurements"]["losses"]["disc"]["rate"] == 1e-3
    assert set(found["not_measured"]) == {"gradients", "noise", "spectrum", "path", "probe", "memorisation"}
    json.loads((folder / "diagnosis" / "step-000004.json").read_text(), parse_constant=pytest.fail)


def test_an_interrupt_leaves_whole_records_alone(run):
    folder, seen = run("points"), []

    def interrupt(what, done, total):
        seen.append(what)
        if seen.count("fresh discriminator") == 3:  # in the second checkpoint
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        diagnose(folder, quick(step=[2, 4], measure=["losses", "probe"]), interrupt)
    assert [path.name for path in (folder / "diagnosis").iterdir()] == ["step-000002.json"]


def test_requests_that_cannot_be_met(run, tmp_path):
    folder = run("points")
    with pytest.raises(UserError, match="is not a run folder"):
        diagnose(tmp_path / "nowhere")
    for settings in (quick(step=[2, 3]), quick(path_from=3)):
        with pytest.raises(UserError, match=r"no checkpoint of step 3 .* there are: 0, 2, 4"):
            diagnose(folder, settings)
    shutil.rmtree(folder / "checkpoints")
    (folder / "checkpoints").mkdir()
    with pytest.raises(UserError, match="no intact checkpoint"):
        diagnose(folder, quick())
    assert not (folder / "diagnosis").exists()


def test_a_folder_that_cannot_be_written_is_one_sentence(run):
    folder = run("bilinear")
    (folder / "diagnosis").write_text("in the way")
    with pytest.raises(UserError, match="cannot be written"):
        diagnose(folder, quick())


def test_a_diagnosed_run_goes_on_as_if_nothing_had_been(run):
    """Resuming after a diagnosis gives, bit for bit, what resuming without one gives."""
    from equipoise.core.files import read_json_lines
    from equipoise.training import resume

    def resumed(folder):
        settings = RunFolder.open(folder).settings
        longer = settings.model_copy(update={"training": settings.training.model_copy(update={"steps": 6})})
        with pytest.warns(ResumeWarning, match="training.steps 4 -> 6"):
            resume(folder, settings=longer)
        return [record["disc_loss"] for record in read_json_lines(folder / "metrics.jsonl")]

    plain = run("points")
    diagnosed = shutil.copytree(plain, plain.with_name("diagnosed"))
    diagnose(diagnosed, quick())
    assert resumed(diagnosed) == resumed(plain)
    assert (diagnosed / "diagnosis" / "step-000004.json").exists()


def test_other_data_than_the_run_had_are_said(run):
    from equipoise.config.files import to_yaml

    folder = run("points")
    settings = RunFolder.open(folder).settings
    changed = settings.model_copy(update={"data": settings.data.model_copy(update={"std": 0.2})})
    (folder / "config.yaml").write_text(to_yaml(changed))
    with pytest.warns(DataWarning, match="other examples"):
        diagnose(folder, quick(measure=["losses"]))


def test_features_that_do_not_fit_stop_nothing_else(run):
    from equipoise.config.files import to_yaml

    folder = run("spectral")
    settings = RunFolder.open(folder).settings
    changed = settings.model_copy(update={"evaluation": settings.evaluation.model_copy(update={"features": "mnist"})})
    (folder / "config.yaml").write_text(to_yaml(changed))
    (found,) = diagnose(folder, quick(measure=["losses", "modes", "memorisation"]))
    assert set(found["measurements"]) == {"losses"}
    assert all("choose features made for this data" in why for why in found["not_measured"].values())
