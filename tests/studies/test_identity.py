"""Which studies are the same: settings that a folder is too old to know count as their defaults, and no others."""

import copy
import json

import pytest

from equipoise.config import RunSettings
from equipoise.core.errors import UserError
from equipoise.studies.batch_size.plan import BatchSizePlan
from equipoise.studies.comparison.arms import Arm
from equipoise.studies.comparison.budget import Budget
from equipoise.studies.comparison.claim import ClaimStudy
from equipoise.studies.comparison.study import CompareStudy
from equipoise.studies.folder import StudyFolder
from equipoise.studies.identity import difference
from equipoise.studies.tuning.plan import Arm as TuneArm
from equipoise.studies.tuning.plan import TunePlan
from equipoise.studies.tuning.space import read_space


def identities(run):
    """Of every kind of study that holds settings, and the way to them."""
    budget, other = Budget("steps", 10), run.model_copy(update={"gen": run.gen.model_copy(update={"lr": 0.5})})
    tuned = TuneArm("data", run, read_space(["disc.lr=log:1e-4:1e-1"]))  # an arm may bear the name of a setting
    both = {"one": {"": run}, "two": {"": other}}
    return {
        "batch-size": (BatchSizePlan(run, (4, 8)).identity, ("settings",)),
        "compare": (CompareStudy((Arm("one", run), Arm("two", other)), budget).identity, ()),
        "claim": (ClaimStudy("better", "One is better.", both, (("one", "two", ""),), budget).identity, ()),
        "tune": (TunePlan((tuned,)).identity, ("arms", "data", "settings")),
    }


KINDS = ("batch-size", "compare", "claim", "tune")


@pytest.fixture
def stored(tiny, tmp_path):
    """Makes a folder of a kind, hands out its settings to be changed, and opens it again."""

    def change(kind, edit):
        identity, way = identities(tiny())[kind]
        StudyFolder.open(tmp_path / "study", identity)
        file = tmp_path / "study" / "study.json"
        found = settings = json.loads(file.read_text())
        for name in way:
            settings = settings[name]
        edit(settings)
        file.write_text(json.dumps(found))
        return StudyFolder.open(tmp_path / "study", identity)

    return change


@pytest.mark.parametrize("kind", KINDS)
def test_a_folder_that_is_too_old_to_know_a_setting_goes_on(stored, kind):
    def forget(settings):
        del settings["data"]["split"], settings["evaluation"]["reference_split"]

    assert stored(kind, forget)


@pytest.mark.parametrize("kind", ["batch-size", "tune"])
def test_so_does_one_that_lacks_a_whole_room(stored, kind):
    def forget(settings):
        del settings["division"], settings["target"], settings["disc"]["schedule"]

    assert stored(kind, forget)


@pytest.mark.parametrize("kind", KINDS)
def test_a_missing_setting_that_is_not_at_its_default_is_another_study(stored, kind):
    default = RunSettings().evaluation.num_samples

    def forget(settings):
        assert settings["evaluation"].pop("num_samples") != default

    with pytest.raises(UserError, match=rf"another study \(.*num_samples is {default} there and \d+ here\)"):
        stored(kind, forget)


@pytest.mark.parametrize("kind", KINDS)
def test_a_real_difference_is_refused(stored, kind):
    with pytest.raises(UserError, match=r"another study \(.*evaluation.num_samples is 3 there"):
        stored(kind, lambda settings: settings["evaluation"].update(num_samples=3))


@pytest.mark.parametrize("kind", KINDS)
def test_a_setting_of_a_newer_version_is_another_study(stored, kind):
    with pytest.raises(UserError, match=r"another study \(.*telescope is 'large' there and None here\)"):
        stored(kind, lambda settings: settings["evaluation"].update(telescope="large"))


def test_what_is_no_setting_has_no_default(tiny):
    identity, _ = identities(tiny())["tune"]
    older = copy.deepcopy(identity)
    del older["sampler"]
    assert difference(older, identity) == "sampler is None there and 'random' here"


def test_a_study_file_that_is_no_mapping_is_damaged(tmp_path):
    StudyFolder.open(tmp_path / "study", {"kind": "test"})
    (tmp_path / "study" / "study.json").write_text("[]")
    with pytest.raises(UserError, match=r"damaged study\.json"):
        StudyFolder.open(tmp_path / "study", {"kind": "test"})
