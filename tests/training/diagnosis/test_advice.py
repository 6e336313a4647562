"""Every rule alone: what makes it speak, what keeps it silent, and that the options it names exist."""

import math
import re
from dataclasses import replace

import pytest

from equipoise.config import RunSettings
from equipoise.config.diagnosis import DiagnosisSettings
from equipoise.config.files import dotted_fields
from equipoise.metrics.copying import Copying
from equipoise.training.diagnosis import advice
from equipoise.training.diagnosis.findings import Findings
from equipoise.training.diagnosis.fresh import FreshDiscriminator
from equipoise.training.diagnosis.gradients import Gradients, PlayerGradient
from equipoise.training.diagnosis.losses import Losses, PlayerLoss
from equipoise.training.diagnosis.memorisation import Memorisation
from equipoise.training.diagnosis.modes import Modes
from equipoise.training.diagnosis.noise_scales import NoiseScales, PlayerNoise
from equipoise.training.diagnosis.path_angle import PathAngle
from equipoise.training.diagnosis.spectrum import Spectrum
from equipoise.training.diagnosis.verdict import Ends, judge

IDEAL = 1.3863


def run(**changes):
    return RunSettings.model_validate(changes)


def losses(disc=IDEAL, ratio=1.0, gap_factor=None):
    of_disc = PlayerLoss(disc, 0.01, IDEAL, disc - IDEAL, 0.0, 1e-3 * ratio, 1e-3 * ratio, gap_factor)
    return Losses(of_disc, PlayerLoss(0.7, 0.01, 0.69, 0.01, 0.0, 1e-3, 1e-3, None), ratio, 16, 64)


def probe(fresh=IDEAL, own=IDEAL, ideal=IDEAL):
    gaps = (None, None) if ideal is None else (fresh - ideal, own - ideal)
    return FreshDiscriminator(fresh, own, ideal, *gaps, 300, 16, (300,), (fresh,))


def ends(*values, failures=(), missing=()):
    pairs = tuple((complex(value).real, complex(value).imag) for value in values)
    scale = max(abs(complex(value)) for value in values)
    return Ends(pairs, 0.01, 0.01, scale, not failures, tuple(failures), tuple(missing), 9)


def spectrum(jacobian, disc=(5.0, 1.0), gen=(5.0, 1.0), gradient=0.0, failures=()):
    parts = ends(*jacobian, failures=failures), ends(*disc), ends(*gen)
    return Spectrum(judge(*parts), *parts, gradient, 0.0, 10, 10, 64, ())


def noise(disc=100.0, gen=100.0, size=64, spread=1.5):
    def player(scale):
        return PlayerNoise(scale, 1.0, scale, scale / spread, scale * spread, 2 ** round(math.log2(scale)))

    return NoiseScales(player(disc), player(gen), 16, size)


def modes(*counts, kind="modes"):
    total, number = sum(counts), len(counts)
    error = sum(abs(count / total - 1 / number) for count in counts) / 2
    return Modes(kind, counts, (1 / number,) * number, sum(c > 0 for c in counts), 1.0, error, total)


def memory(statistic, ratio=0.5, variety=1.0):
    return Memorisation(Copying(statistic, ratio, 1.0, 2.0, variety, 100, 100, 500), "digits", "split test", 1000, ())


def gradients(penalty=None, cosine=None):
    plain = PlayerGradient(1.0, 0.5, 0.2, 78.0, 0.5, None, None)
    return Gradients(replace(plain, penalty_norm=penalty, penalty_cosine=cosine), plain, 16)


def path(shape, switch=0.5, bump=0.5):
    return PathAngle(0, 500, 1.0, (0.5, 1.0, 1.5), (0.0, 0.1, 0.2), (1.0, 1.0, 1.0), switch, bump, shape)


def found(settings=None, **records):
    return Findings(settings or run(), 500, **records)


LOST = NoiseScales(
    PlayerNoise(100.0, -1e-3, None, 600.0, None, None), PlayerNoise(100.0, -1e-3, None, 900.0, None, None), 16, 64
)
"""Signals that are lost in the noise, of which only a lower end is known."""
RULES = {rule.__name__: rule for rule in advice.RULES}
DECAYING = run(**{player: {"schedule": {"decay": "cosine"}} for player in ("disc", "gen")})
WASSERSTEIN = run(game={"objective": "wasserstein", "penalty": "gradient"})
SPEAKING = {
    "is_broken": [(found(broken=("generator",)), ["weights of the generator", "--guard.nonfinite rollback"])],
    "has_ended_badly": [(found(ending=("diverged", "Diverged at step 7.")), ["Diverged at step 7."])],
    "disc_is_ahead": [
        (
            found(losses=losses(IDEAL - 0.31, 5.0)),
            ["0.31 below ideal", "5x the generator's", "schedule.gap exponential"],
        ),
        (found(losses=losses(IDEAL - 0.31)), ["0.31 below ideal", "it is 0.001"]),
        (found(losses=losses(IDEAL - 0.31, gap_factor=0.5)), ["already multiplies its rate by 0.5", "gap-min-factor"]),
    ],
    "disc_is_behind": [
        (found(losses=losses(IDEAL + 0.5, 0.1)), ["0.5 above ideal", "0.1x the generator's", "disc-steps 2"]),
        (found(run(training={"disc_steps": 3}), losses=losses(IDEAL + 0.5)), ["disc-steps 4"]),
    ],
    "probe_finds_more": [
        (found(probe=probe(1.0, 1.38)), ["reaches a loss of 1 in 300 rounds", "0.39 below ideal"]),
        (found(WASSERSTEIN, probe=probe(-7.0, -3.0, 0.0)), ["reaches a loss of -7"]),
    ],
    "probe_blows_up": [
        (found(run(disc={"lr": 30.0}), probe=probe(1e5, 1.38)), ["1e+05", "1.39", "it is 30"]),
        (found(probe=probe(float("nan"), 1.38)), ["is nan"]),
    ],
    "probe_finds_no_more": [(found(probe=probe(1.37, 1.38)), ["finds no more in 300 rounds"])],
    "modes_are_lost": [
        (found(modes=modes(50, 0, 50, 0)), ["2 of 4 modes", "numbers 1, 3", "r1-r2"]),
        (found(modes=modes(90, 5, 5, kind="classes")), ["All 3 classes are reached", "57%"]),
        (found(run(game={"penalty": "r1-r2"}), modes=modes(50, 0)), ["lower rates"]),
    ],
    "copies_training_set": [(found(memorisation=memory(-8.0)), ["0.50x", "8.0 standard deviations", "--data.flip"])],
    "makes_few_things": [(found(memorisation=memory(-8.0, variety=0.1)), ["10% as many", "--training.batch-size"])],
    "misses_training_set": [(found(memorisation=memory(8.0, 2.0)), ["2.00x", "--network.width"])],
    "rotates": [
        (found(spectrum=spectrum((0.1 + 2j, 0.1 - 2j))), ["0.1 +- 2i", "extragradient", "--game.penalty r1"]),
        (
            found(
                run(training={"order": "extragradient"}, game={"penalty": "r1"}),
                spectrum=spectrum((0.1 + 2j, 0.1 - 2j)),
            ),
            ["shorten the steps"],
        ),
    ],
    "is_unstable": [
        (found(spectrum=spectrum((3.0, -1.0)), noise=noise()), ["-1 against", "--game.penalty r1-r2"]),
        (found(spectrum=spectrum((3.0, -1.0), gradient=1e3), noise=noise()), ["go on training", "decay cosine"]),
        (found(spectrum=spectrum((3.0, -1.0))), ["was not measured): go on training, with falling rates"]),
        (found(DECAYING, spectrum=spectrum((3.0, -1.0))), ["not measured): go on training, and look again"]),
        (found(run(game={"penalty": "r1-r2"}), spectrum=spectrum((3.0, -1.0)), noise=noise()), ["another ratio"]),
    ],
    "is_no_equilibrium": [(found(spectrum=spectrum((3.0, 1.0), gen=(2.0, -1.0))), ["could gain alone"])],
    "penalty_leads": [(found(gradients=gradients(3.0, -0.9)), ["3x as long", "cosine -0.9", "--game.penalty-weight"])],
    "batch_is_small": [
        (
            found(noise=noise(2000.0, 1000.0)),
            [
                "at batch 64",
                "2,000 and 1,000",
                "a batch of 1024 (--training.batch-size)",
                "0.12x the rounds",
                "1.9x the",
            ],
        ),
        (found(noise=LOST), ["above 600 and above 900", "a batch of 512"]),
    ],
    "batch_is_large": [
        (found(noise=noise(3.0, 5.0)), ["3 and 5", "batch of 64:", "a batch of 32", "1.1x the rounds", "0.54x the"]),
        (found(noise=noise(0.23, 5.0, size=256)), ["a batch of 32", "1.1x the rounds", "0.14x the examples"]),
    ],
    "path_turns": [(found(run(training={"ema": 0.0}), path=path("rotation")), ["--training.ema 0.999"])],
    "path_leads_away": [(found(path=path("repulsion", -0.5)), ["-0.5", "left, not approached"])],
    "search_fell_short": [
        (found(spectrum=spectrum((3.0, 1.0), failures=("Jacobian: too few.",))), ["Jacobian: too few."])
    ],
}
SILENT = {
    "is_broken": [found()],
    "has_ended_badly": [found(), found(ending=("complete", "Complete."))],
    "disc_is_ahead": [
        found(),
        found(losses=losses(IDEAL - 0.1)),
        found(losses=losses(IDEAL + 0.5)),
        found(WASSERSTEIN, losses=losses(-3.0)),
        found(run(game={"kind": "bilinear"}), losses=losses(-3.0)),
    ],
    "disc_is_behind": [found(), found(losses=losses(IDEAL + 0.1)), found(losses=losses(IDEAL - 0.5))],
    "probe_finds_more": [
        found(),
        found(probe=probe(1.3, 1.38)),
        found(probe=probe(1.0, 1.05)),
        found(probe=probe(0.5, 1.0)),  # it is ahead itself, and not weak
        found(WASSERSTEIN, probe=probe(-3.5, -3.0, 0.0)),
        found(probe=probe(ideal=None)),
    ],
    "probe_blows_up": [found(), found(probe=probe(1.5, 1.38)), found(probe=probe(ideal=None))],
    "probe_finds_no_more": [
        found(),
        found(probe=probe(1.0, 1.38)),
        found(probe=probe(2.0, 1.38)),
        found(probe=probe(1.38, 1.0)),
    ],
    "modes_are_lost": [found(), found(modes=modes(26, 24, 25, 25))],
    "copies_training_set": [
        found(),
        found(memorisation=memory(-2.0)),
        found(memorisation=memory(8.0)),
        found(memorisation=memory(-8.0, variety=0.1)),
    ],
    "makes_few_things": [found(), found(memorisation=memory(-8.0)), found(memorisation=memory(0.0))],
    "misses_training_set": [found(), found(memorisation=memory(2.0)), found(memorisation=memory(-8.0))],
    "rotates": [found(), found(spectrum=spectrum((3.0, 1.0))), found(spectrum=spectrum((1 + 2j, 1 - 2j)))],
    "is_unstable": [found(), found(spectrum=spectrum((3.0, 1.0)))],
    "is_no_equilibrium": [found(), found(spectrum=spectrum((3.0, 1.0)))],
    "penalty_leads": [
        found(),
        found(gradients=gradients()),
        found(gradients=gradients(3.0, 0.1)),
        found(gradients=gradients(1.0, -0.9)),
    ],
    "batch_is_small": [found(), found(noise=noise(300.0, 2000.0)), found(noise=noise(2000.0, 2000.0, spread=10.0))],
    "batch_is_large": [
        found(),
        found(noise=noise(3.0, 30.0)),
        found(noise=LOST),
        found(noise=noise(3.0, 5.0), spectrum=spectrum((3.0, 1.0), gradient=1e3)),
    ],
    "path_turns": [found(), found(path=path("rotation")), found(run(training={"ema": 0.0}), path=path("attraction"))],
    "path_leads_away": [found(), found(path=path("attraction"))],
    "search_fell_short": [found(), found(spectrum=spectrum((3.0, 1.0)))],
}


def test_every_rule_is_tested():
    assert set(RULES) == set(SPEAKING) == set(SILENT)
    assert all(rule.__doc__ for rule in advice.RULES)


@pytest.mark.parametrize(("name", "case"), [(name, case) for name, cases in SPEAKING.items() for case in cases])
def test_a_rule_speaks_with_its_reason(name, case):
    findings, words = case
    sentence = RULES[name](findings)
    assert all(word in sentence for word in words), sentence
    assert sentence.endswith(".")
    assert (name, sentence) in advice.advise(findings)


@pytest.mark.parametrize(("name", "findings"), [(name, case) for name, cases in SILENT.items() for case in cases])
def test_a_rule_is_silent(name, findings):
    assert RULES[name](findings) is None


def test_every_option_that_is_named_exists_and_takes_the_value():
    own = {f"--{name.replace('_', '-')}" for name in DiagnosisSettings.model_fields}
    known = {f"--{name.replace('_', '-')}": name for name in dotted_fields(RunSettings)}
    seen = set()
    for findings, _ in (case for cases in SPEAKING.values() for case in cases):
        for _, sentence in advice.advise(findings):
            for flag, value in re.findall(r"(--[\w.-]*\w)(?: ([\w.-]*\w))?", sentence):
                seen.add(flag)
                assert flag in known or flag in own, sentence
                if flag in ("--game.penalty", "--training.order", "--disc.schedule.gap", "--guard.nonfinite") and value:
                    parts = known[flag].split(".")
                    nested = value
                    for part in reversed(parts):
                        nested = {part: nested}
                    RunSettings.model_validate(nested)
    assert len(seen) > 12


def test_no_rule_asks_for_what_the_run_has_or_turns_what_it_has_not():
    turning, weak = {"spectrum": spectrum((0.1 + 2j, 0.1 - 2j))}, {"probe": probe(1.0, 1.38)}
    penalised = run(game={"penalty": "r1"}, training={"order": "extragradient"})
    points = run(game={"kind": "bilinear"}, training={"order": "extragradient"})
    assert "--game.penalty-weight" in RULES["rotates"](found(penalised, **turning))
    assert "--game.penalty" not in RULES["rotates"](found(points, **turning))
    assert "--game.penalty-weight" in RULES["probe_finds_more"](found(penalised, **weak))
    assert "--game.penalty" not in RULES["probe_finds_more"](found(run(game={"penalty": "none"}), **weak))
    guarded = run(guard={"nonfinite": "rollback"})
    assert "--guard" not in RULES["is_broken"](found(guarded, broken=("generator",)))
    assert "--game.penalty" not in RULES["makes_few_things"](found(penalised, memorisation=memory(-8.0, variety=0.1)))
    mirrored = run(data={"flip": True})
    assert "--data.flip" not in RULES["copies_training_set"](found(mirrored, memorisation=memory(-8.0)))


def test_there_is_always_something_to_say():
    assert advice.advise(found()) == [("nothing_found", "Nothing that was measured asks for a change.")]


def test_the_most_important_comes_first():
    sentences = advice.advise(found(losses=losses(IDEAL - 0.5), noise=noise(5000.0, 5000.0), broken=("generator",)))
    assert [name for name, _ in sentences] == ["is_broken", "disc_is_ahead", "batch_is_small"]


def test_verdicts_say_what_is_missing_or_broken():
    assert found(broken=("generator",)).verdict.startswith("Broken")
    assert "was not asked for" in found().verdict
    assert found(not_measured={"spectrum": "It is so."}).verdict == "No verdict on stability. It is so."
    at_rest, moving = (found(spectrum=spectrum((3.0, 1.0), gradient=g), noise=noise()) for g in (0.1, 1e3))
    assert "at rest" not in at_rest.verdict
    assert "The discriminator is not at rest" in moving.verdict


def test_rest_is_never_taken_for_granted():
    assert "was not measured (--measure noise spectrum)" in found(spectrum=spectrum((3.0, 1.0))).verdict
    between_points = replace(spectrum((3.0, 1.0)), num_examples=0)
    assert "at rest" not in found(spectrum=between_points).verdict


def test_a_noisy_player_hides_no_other():
    """The discriminator's gradient of 10 is far beyond its noise, and far below the generator's."""
    case = found(spectrum=spectrum((3.0, 1.0), gradient=10.0), noise=noise(disc=100.0, gen=1e6))
    assert case.moving == ("discriminator",)
    assert not case.is_stationary
