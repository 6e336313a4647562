"""What a distance has to do to be trusted, as checks that anyone can run on any `Distance`.

A check takes a distance and raises AssertionError where it fails; it needs no test framework. In a test suite:

    from equipoise.metrics import DISTANCES, conformance

    @pytest.mark.parametrize("check", conformance.CHECKS.values(), ids=conformance.CHECKS)
    def test_mine(check):
        check(Distance("mine", measure, estimate))

The checks know the distance by its record alone: its ideal value, what it says of its symmetry, and what it takes.

>>> from equipoise.metrics import DISTANCES
>>> check(DISTANCES["ngram-2"])
"""

import math
import tracemalloc
import warnings
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from equipoise.core.conformance import run_checks
from equipoise.core.errors import SampleSizeWarning, UserError
from equipoise.metrics.distances import Distance
from equipoise.metrics.uncertainty import Interval

Check = Callable[[Distance], None]
COUNT, DIMENSION = 200, 3
MANY = 2500
"""Examples of the check of memory: all pairs of them would be 50 MB in float64."""


def check(distance: Distance, checks: Mapping[str, Check] | None = None) -> None:
    """Run all ``checks``; the first that fails raises AssertionError with its name noted."""
    run_checks(distance, CHECKS if checks is None else checks, f"the distance {distance.name!r}")


def examples(distance: Distance, seed: int, count: int = COUNT, moved: bool = False) -> NDArray[Any]:
    """Seeded examples of the kind that the distance takes, from one law; or from another one, far away."""
    draw = np.random.default_rng(seed)
    if distance.inputs == "text":
        return draw.integers(3 if moved else 0, 9 if moved else 6, (count, 12))
    return draw.standard_normal((count, DIMENSION)) + (3.0 if moved else 0.0)


def alike_sets_are_ideal(distance: Distance) -> None:
    """A set against itself or, where a distance is right on average only, samples of one law."""
    if distance.exact_on_itself:
        some = examples(distance, 0)
        assert math.isclose(distance.measure(some, some.copy()), distance.ideal, abs_tol=1e-9)
        return
    reference = examples(distance, 0, 20 * COUNT)
    values = np.array([distance.measure(examples(distance, seed), reference) for seed in range(1, 21)])
    off = values.mean() - distance.ideal
    # The reference is one draw, with a share of its own in the error.
    assert abs(off) < 5 * values.std() * math.sqrt(1 / 20 + 1 / 20), f"off by {off:.3g} on average"


def other_sets_are_worse(distance: Distance) -> None:
    """Samples of another law are further from the ideal than those of the same."""
    reference, same, moved = examples(distance, 0), examples(distance, 1), examples(distance, 2, moved=True)
    gap = distance.measure(moved, reference) - distance.measure(same, reference)
    assert (gap < 0) == distance.larger_is_better
    assert gap != 0


def sides_can_be_exchanged(distance: Distance) -> None:
    """A distance that calls itself symmetric is."""
    one, other = examples(distance, 0), examples(distance, 1, COUNT, moved=True)
    if distance.symmetric:
        assert_close(distance.measure(one, other), distance.measure(other, one))


def order_does_not_matter(distance: Distance) -> None:
    """The examples of either side may come in any order, unless the distance draws one."""
    if not distance.draws_order:
        one, other = examples(distance, 0), examples(distance, 1)
        assert_close(distance.measure(one[::-1].copy(), other), distance.measure(one, other))
        assert_close(distance.measure(one, other[::-1].copy()), distance.measure(one, other))


def forms_of_input_agree(distance: Distance) -> None:
    """Arrays and tensors give one value, float32 nearly the same; none is changed."""
    one, other = examples(distance, 0), examples(distance, 1)
    before, value = one.copy(), distance.measure(one, other)
    assert_close(distance.measure(torch.from_numpy(one), torch.from_numpy(other)), value)
    if distance.inputs == "features":
        assert_close(distance.measure(one.astype(np.float32), other.astype(np.float32)), value, 1e-4)
    assert np.array_equal(one, before)


def the_same_twice(distance: Distance) -> None:
    """Value and interval depend on the inputs and the seed alone."""
    one, other = examples(distance, 0), examples(distance, 1)
    assert distance.measure(one, other) == distance.measure(one, other)
    assert estimated(distance, one, other) == estimated(distance, one, other)


def intervals_hold_the_value(distance: Distance) -> None:
    """The interval is around the measured value, grows with its level, and knows the sizes."""
    one, other = examples(distance, 0), examples(distance, 1, COUNT, moved=True)
    narrow, wide = (estimated(distance, one, other, level) for level in (0.5, 0.99))
    assert_close(narrow.value, distance.measure(one, other))
    for found in (narrow, wide):
        assert found.low <= found.value <= found.high
        assert found.standard_error >= 0
        assert (found.num_samples, found.num_reference) == (len(one), len(other))
    assert wide.high - wide.low >= narrow.high - narrow.low


def mistakes_are_one_sentence(distance: Distance) -> None:
    """NaN, infinity, wrong shapes and too few examples are refused by value and interval alike."""
    good = examples(distance, 0)
    for bad in _mistakes(distance, good):
        for pair in ((bad, good), (good, bad)):
            for call in (distance.measure, lambda x, y: estimated(distance, x, y)):
                _refused(call, *pair)
    _refused(lambda x, y: estimated(distance, x, y), good[: distance.fewest - 1].copy(), good)


def memory_is_for_blocks(distance: Distance) -> None:
    """No array of all pairs is made, unless the distance cannot do without."""
    if distance.all_pairs_in_memory:
        return
    one, other = examples(distance, 0, MANY), examples(distance, 1, MANY)
    whole = MANY * MANY * 8
    tracemalloc.start()
    try:
        # The first sees arrays, the second the tensors that each operation makes.
        with torch.autograd.profiler.profile(profile_memory=True) as profile:
            distance.measure(one, other)
        arrays = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    tensors = max((each.self_cpu_memory_usage for each in profile.function_events or ()), default=0)
    assert max(arrays, tensors) < whole / 2, f"{max(arrays, tensors):,} bytes for {MANY} examples"


CHECKS: Mapping[str, Check] = MappingProxyType(
    {
        each.__name__.replace("_", " "): each
        for each in (
            alike_sets_are_ideal,
            other_sets_are_worse,
            sides_can_be_exchanged,
            order_does_not_matter,
            forms_of_input_agree,
            the_same_twice,
            intervals_hold_the_value,
            mistakes_are_one_sentence,
            memory_is_for_blocks,
        )
    }
)


def assert_close(one: float, other: float, tolerance: float = 1e-9) -> None:
    """Equal to a relative tolerance, and to the same absolutely where both are small."""
    assert math.isclose(one, other, rel_tol=tolerance, abs_tol=tolerance), f"{one!r} and {other!r}"


def estimated(distance: Distance, samples: Any, reference: Any, level: float = 0.9) -> Interval:
    """The interval with seed 0, without warnings of sizes: the sets of these checks are small."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", SampleSizeWarning)
        return distance.estimate(samples, reference, level, 0)


def _mistakes(distance: Distance, good: NDArray[Any]) -> list[NDArray[Any]]:
    wrong_shapes = [good[:, :-1].copy(), good[:, 0].copy(), good[:0].copy()]
    if distance.inputs == "text":
        return [*wrong_shapes, good.astype(float)]
    bad = [good.copy() for _ in range(2)]
    bad[0][7, 1], bad[1][3, 0] = np.nan, np.inf
    return [*wrong_shapes, *bad]


def _refused(call: Callable[[Any, Any], Any], samples: Any, reference: Any) -> None:
    try:
        call(samples, reference)
    except UserError as error:
        sentence = str(error)
        assert sentence.endswith("."), sentence
        assert "\n" not in sentence, sentence
    else:
        raise AssertionError(f"sets of shapes {np.shape(samples)} and {np.shape(reference)} were measured")
