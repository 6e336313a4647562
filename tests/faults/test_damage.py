"""Damaged checkpoints are seen, said and passed over; what is left is what was."""

import pytest
from faultlab.damage import DAMAGES, damages
from faultlab.lab import content, differing

from equipoise.core.errors import UserError
from equipoise.training import resume
from equipoise.training.checkpoint import checkpoint_path, checkpoint_steps, read_checkpoint


def test_every_damage_is_detected(run):
    results = list(damages(run, 6 * len(DAMAGES)))
    assert [name for name, is_right in results if not is_right] == []


def test_a_run_whose_newest_checkpoint_is_damaged_ends_the_same(run):
    before = content(run)
    (checkpoint_path(run / "checkpoints", checkpoint_steps(run / "checkpoints")[-1]) / "disc.safetensors").unlink()
    with pytest.warns(UserWarning, match="disc.safetensors"):
        resume(run)
    assert differing(before, content(run)) == []


def test_a_checkpoint_that_vanishes_under_a_reader_is_replaced_by_the_newest(run):
    folder, tried = run / "checkpoints", []

    def read(path):
        tried.append(path)
        if len(tried) == 1:
            for file in sorted(path.iterdir()):
                file.unlink()
            path.rmdir()
        return (path / "state.json").read_text()

    assert read_checkpoint(folder, read)
    assert len(tried) == 2


def test_names_in_a_manifest_stay_in_their_folder(run):
    from equipoise.training import checkpoint

    (run.parent / "outside.json").write_text("{}")
    for step in checkpoint_steps(run / "checkpoints"):
        path = checkpoint_path(run / "checkpoints", step) / "manifest.json"
        hashes = dict.fromkeys(("state.json", "state.safetensors", "../../../outside.json"), "0" * 64)
        path.write_text(checkpoint._manifest_text({"format": checkpoint.FORMAT, "step": step, "sha256": hashes}))
    with pytest.warns(UserWarning, match=r"manifest\.json"), pytest.raises(UserError, match="no intact checkpoint"):
        resume(run)
