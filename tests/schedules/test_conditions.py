"""The theory's conditions, against sums worked out by hand and against numerical partial sums."""

import pytest

from equipoise.config import ScheduleSettings
from equipoise.schedules import build_decay, check_conditions


def power(eta):
    return ScheduleSettings(decay="polynomial", power=eta)


@pytest.mark.parametrize(
    ("disc", "gen", "two_time_scales"),
    [
        (power(0.6), power(0.9), True),
        (power(0.6), power(1.0), True),
        (power(0.75), power(0.75), False),  # equal: a_n is not o(b_n)
        (power(0.9), power(0.6), False),  # the wrong player is slow
        (power(0.5), power(0.75), False),  # the sum of 1/n diverges
        (power(0.75), power(1.2), False),  # the sum of n^-1.2 converges
        (ScheduleSettings(), power(0.75), False),
        (ScheduleSettings(decay="inverse-sqrt"), power(0.75), False),
        (power(0.75), ScheduleSettings(decay="step"), False),
    ],
)
def test_two_time_scales(disc, gen, two_time_scales):
    assert check_conditions(disc, gen).two_time_scales is two_time_scales


def test_constant_and_vanishing_rates():
    constant = ScheduleSettings()
    assert check_conditions(constant, constant).constant
    assert not check_conditions(constant, power(0.5)).constant
    assert check_conditions(power(0.5), power(0.5)).vanishing  # the papers' "DL", best at eta = 1/2
    assert not check_conditions(constant, constant).vanishing
    assert check_conditions(ScheduleSettings(decay="linear"), ScheduleSettings(decay="cosine")).constant
    assert not check_conditions(ScheduleSettings(decay="step"), ScheduleSettings(decay="step")).infinite_sums


@pytest.mark.parametrize(
    ("eta", "exponent", "converges"), [(0.75, 1, False), (0.75, 2, True), (0.5, 2, False), (1.2, 1, True)]
)
def test_sums_by_their_growth_from_one_decade_to_the_next(eta, exponent, converges):
    """Partial sums of n^-p over the decades grow by a factor 10^(1-p): below 1 they converge."""
    decay = build_decay(power(eta), 1)
    decades = [sum(decay(step) ** exponent for step in range(10**k, 10 ** (k + 1))) for k in (3, 4)]
    assert (decades[1] < 0.999 * decades[0]) is converges


def test_every_finding_is_a_sentence():
    sentences = check_conditions(power(0.6), power(0.9)).sentences()
    assert len(sentences) == 6
    assert all(sentence.startswith(("met: ", "not met: ")) for sentence in sentences)
