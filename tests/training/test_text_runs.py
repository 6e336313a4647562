"""Whole runs on text: what they leave, exact resume, measuring and sampling again, and requests that cannot be met."""

import json
import math

import numpy as np
import pytest
import torch

from equipoise.config import RunSettings
from equipoise.config.files import merged
from equipoise.core.errors import UserError
from equipoise.core.files import read_json_lines
from equipoise.core.outcomes import Outcome
from equipoise.core.seeding import Streams
from equipoise.data import Vocabulary, build_source
from equipoise.games import OBJECTIVES, PENALTIES, build_game
from equipoise.networks import build_networks
from equipoise.training import RunFolder, TrainedGenerator, measure, resume, train
from equipoise.training.lines import codes_of, read_off
from equipoise.training.measuring.text_evaluator import TextEvaluator, divergences
from equipoise.training.session import Session

SMALL = {
    "name": "small",
    "threads": 1,
    "data": {"source": "text", "length": 12},
    "network": {"architecture": "text", "width": 6, "depth": 2, "disc_norm": "none", "gen_norm": "none"},
    "game": {"objective": "wasserstein", "penalty": "gradient", "penalty_weight": 10.0, "latent_dim": 4},
    "training": {
        **{"steps": 12, "batch_size": 8, "order": "alternating-gen-first", "disc_steps": 2, "ema": 0.0},
        **{"log_every": 4, "sample_every": 6, "checkpoint_every": 4},
    },
    "evaluation": {"features": "ngrams", "every": 6, "num_samples": 50, "batch_size": 32, "reference_split": "test"},
}


@pytest.fixture
def text(tmp_path):
    """A folder of text with splits train and test."""
    root = tmp_path / "text"
    root.mkdir()
    words = ["one", "two", "three", "four", "five"]
    lines = [f"{one} and {other}" for one in words for other in words]
    (root / "train.txt").write_text("\n".join(lines * 4), encoding="utf-8")
    (root / "test.txt").write_text("\n".join(line.replace(" and ", " or ") for line in lines), encoding="utf-8")
    return root


@pytest.fixture
def settings(tmp_path, text):
    def make(part="runs", **changes):
        values = merged(merged(RunSettings().model_dump(), SMALL), {"root": str(tmp_path / part)})
        return RunSettings.model_validate(merged(merged(values, {"data": {"path": str(text)}}), changes))

    return make


def test_a_run_on_text_leaves_lines_and_its_vocabulary(tmp_path, settings):
    assert train(settings()).outcome is Outcome.COMPLETE
    run = tmp_path / "runs" / "small"
    names = sorted(path.name for path in (run / "samples").iterdir())
    assert names == ["interpolation.txt", *(f"step-{step:06d}.txt" for step in (0, 6, 12))]
    lines = (run / "samples" / "step-000012.txt").read_text(encoding="utf-8").split("\n")
    assert len(lines) == 64 + 1
    vocabulary = Vocabulary.from_state(json.loads((run / "vocabulary.json").read_text(encoding="utf-8")))
    assert set("".join(lines)) <= set(vocabulary.symbols) | set("`\ufffd")
    assert max(map(len, lines)) <= 12
    records = read_json_lines(run / "evaluations.jsonl")
    assert [record["step"] for record in records] == [0, 6, 12]
    assert {f"jsd{order}" for order in range(1, 7)} | {"distinct"} == records[-1]["values"].keys()
    assert records[-1]["judge"] == "jsd4"
    assert len(records[-1]["lines"]) == 8
    assert RunFolder.open(run).settings == settings()


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"data": {"units": "bytes", "memory_limit": 0}, "gen": {"optimizer": "rmsprop"}},
        {"training": {"order": "lookahead", "lookahead_every": 3, "disc_steps": 1, "precision": "bf16"}},
        {"network": {"disc_norm": "spectral", "gen_norm": "batch"}, "game": {"objective": "hinge", "penalty": "r1"}},
    ],
    ids=["paper", "bytes-mapped-rmsprop", "lookahead-bf16", "spectral-hinge-r1"],
)
def test_a_stopped_and_resumed_run_ends_bit_for_bit_as_an_uninterrupted_one(tmp_path, settings, changes, stopper):
    assert train(settings("whole", **changes)).outcome is Outcome.COMPLETE
    observer = stopper(7)
    assert train(settings("parts", **changes), observer, observer.event).outcome is Outcome.STOPPED
    assert resume(tmp_path / "parts" / "small").outcome is Outcome.COMPLETE
    whole, parts = (tmp_path / part / "small" for part in ("whole", "parts"))
    for name in ("gen", "disc", "state"):
        files = [run / "checkpoints" / "step-000012" / f"{name}.safetensors" for run in (whole, parts)]
        assert files[0].read_bytes() == files[1].read_bytes()
    values = [[record["values"] for record in read_json_lines(run / "evaluations.jsonl")] for run in (whole, parts)]
    assert values[0] == values[1]
    samples = [(run / "samples" / "step-000012.txt").read_bytes() for run in (whole, parts)]
    assert samples[0] == samples[1]


def test_measured_again_as_in_training_and_sampled_from_a_seed(tmp_path, settings):
    train(settings())
    trained = TrainedGenerator.load(tmp_path / "runs" / "small")
    in_training = read_json_lines(tmp_path / "runs" / "small" / "evaluations.jsonl")[-1]
    again = measure(trained)
    assert again["values"] == in_training["values"]
    assert again["protocol"] == in_training["protocol"]
    assert again["lines"] == in_training["lines"]
    with_intervals = measure(trained, intervals=True)
    assert with_intervals["values"] == again["values"]
    assert with_intervals["intervals"]["jsd4"]["value"] == pytest.approx(again["values"]["jsd4"], abs=1e-12)
    assert with_intervals["intervals"]["jsd1"]["low"] < again["values"]["jsd1"]
    with pytest.raises(UserError, match="by its n-grams alone"):
        measure(trained, measures=["kid"])
    one, same, other = (torch.cat(list(trained.sample(5, seed, batch_size=2))) for seed in (1, 1, 2))
    assert torch.equal(one, same)
    assert not torch.equal(one, other)


def test_lines_can_be_decoded_after_the_text_is_gone(tmp_path, settings, text):
    train(settings())
    (text / "train.txt").unlink()
    trained = TrainedGenerator.load(tmp_path / "runs" / "small")
    assert len(read_off(next(trained.sample(3, 0)), trained.vocabulary)) == 3


@pytest.mark.filterwarnings("ignore:.*not in the vocabulary", "ignore:Changed since step 7")
def test_other_text_under_the_same_name_is_refused(tmp_path, settings, text, stopper):
    observer = stopper(7)
    train(settings(), observer, observer.event)
    (text / "train.txt").write_text("eleven\ntwelve\n" * 50, encoding="utf-8")
    with pytest.raises(UserError, match="not the one that this run was trained on"):
        resume(tmp_path / "runs" / "small")
    with pytest.raises(UserError, match="not the one that this run was trained on"):
        measure(TrainedGenerator.load(tmp_path / "runs" / "small"))


def test_numbers_that_are_not_finite_are_measured_as_such(settings):
    session = Session(settings())
    evaluator = TextEvaluator(session.settings, session.board.source, session.device)
    found = evaluator.evaluate(lambda number, _: torch.full((number, *session.board.source.example_shape), math.nan))
    assert math.isnan(found["values"][found["judge"]])


def test_real_text_measures_as_the_floor_does(settings):
    """The training text itself, handed in as generated, has the divergence of its own lines."""
    session = Session(settings())
    source = session.board.source
    evaluator = TextEvaluator(session.settings, source, session.device)
    examples = torch.cat([batch.examples for batch in source.ordered(100, session.device)])
    rest = iter(examples)
    found = evaluator.evaluate(lambda number, _: torch.stack([next(rest) for _ in range(number)]))
    assert found["values"]["distinct"] == 0.5
    expected = divergences(source.codes[:50].numpy().astype(np.int64), evaluator._reference)
    assert {name: found["values"][name] for name in expected} == expected
    floor = list(found["protocol"]["floor"].values())
    assert floor == sorted(floor)
    assert 0.1 < floor[0] < 0.2  # "and" is "or" in the test text


def test_without_another_split_the_floor_compares_no_line_with_itself(settings, text):
    """Every line is there once, so that real lines and the rest are nearly strangers in their longest n-grams."""
    (text / "train.txt").write_text("\n".join(f"{number:012b}" for number in range(0, 4000, 20)), encoding="utf-8")
    for num_samples in (50, 5000):
        session = Session(settings(evaluation={"reference_split": None, "num_samples": num_samples}))
        evaluator = TextEvaluator(session.settings, session.board.source, session.device)
        real, rest = evaluator._floor_sides(None)
        assert len(real) == min(num_samples, 100)
        assert not {line.tobytes() for line in real} & {line.tobytes() for line in rest}
        assert sorted(map(bytes, [*real, *rest])) == sorted(map(bytes, evaluator._reference))
        assert evaluator._protocol["num_floor"] == len(real)
        assert evaluator._protocol["floor"] == divergences(real, rest)


def test_a_record_with_intervals_has_one_floor(settings):
    session = Session(settings(evaluation={"intervals": True}))
    evaluator = TextEvaluator(session.settings, session.board.source, session.device)
    found = evaluator.evaluate(session.generate)
    assert "floor" in found["protocol"]
    assert not any("real strings" in note for each in found["intervals"].values() for note in each["notes"])


def test_lines_too_short_to_be_judged_are_refused_by_the_settings(settings):
    assert settings(data={"length": 4}).data.length == 4
    with pytest.raises(ValueError, match=r"Lines of 3 symbols cannot be judged .* set data.length to 4 or more"):
        settings(data={"length": 3})


def test_the_likeliest_symbol_is_read():
    examples = torch.tensor([[[0.2, 0.0], [0.5, 1.0], [0.3, 0.0]]])
    assert codes_of(examples).tolist() == [[1, 1]]


@pytest.mark.parametrize("penalty", [None, *PENALTIES])
@pytest.mark.parametrize("objective", OBJECTIVES)
def test_every_objective_and_penalty_plays_on_text(settings, objective, penalty):
    run = settings(game={"objective": objective, "penalty": penalty or "none", "clip": None if penalty else 0.1})
    source = build_source(run.data, torch.device("cpu"))
    disc, gen = build_networks(run.network, source.example_shape, 4, torch.Generator().manual_seed(0))
    game = build_game(run.game, disc, gen)
    streams = Streams(0)
    batch = next(source.batches(8, streams["data"]))
    move = game.generate(batch, streams)
    disc_terms, gen_terms = game.terms(batch, move, streams)
    for terms, module in ((disc_terms, disc), (gen_terms, gen)):
        gradients = torch.autograd.grad(terms.total, list(module.parameters()), retain_graph=True, allow_unused=True)
        assert all(gradient is None or gradient.isfinite().all() for gradient in gradients)
        assert sum(gradient.abs().sum() for gradient in gradients if gradient is not None) > 0


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        (
            {"network": {"architecture": "dcgan", "depth": 3}},
            "dcgan makes images, but the data are lines of 12 symbols",
        ),
        ({"evaluation": {"features": "digits"}}, "Text is measured by its n-grams"),
        ({"evaluation": {"reference_split": "valid"}}, "Unknown split 'valid'"),
        (
            {"data": {"source": "digits", "path": None, "length": 32}},
            "text makes lines of text, but the data are images",
        ),
        (
            {
                "data": {"source": "digits", "path": None, "length": 32},
                "network": {"architecture": "dcgan", "depth": 3},
            },
            "evaluation.features is 'ngrams', but the data of source 'digits' are no text",
        ),
    ],
)
@pytest.mark.filterwarnings("ignore:.*Nothing bounds|.*tied|.*ties")
def test_a_request_that_cannot_be_met_writes_nothing(tmp_path, settings, changes, words):
    with pytest.raises(UserError, match=words):
        train(settings(**changes))
    assert not (tmp_path / "runs").exists()
