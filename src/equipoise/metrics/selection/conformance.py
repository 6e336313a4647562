"""What a rule of selection has to do to be trusted, as checks that anyone can run on any `Rule`.

A check takes a rule and raises AssertionError where it fails; it needs no test framework.

>>> from equipoise.metrics.selection import RULES
>>> check(RULES["entropy"])
"""

import math
from collections.abc import Callable, Mapping
from dataclasses import replace
from types import MappingProxyType
from typing import Any

import numpy as np
import torch

from equipoise.core.conformance import run_checks
from equipoise.metrics.selection.evidence import Evidence
from equipoise.metrics.selection.rules import Rule

Check = Callable[[Rule], None]

NUM_SOURCE, NUM_TRAIN, NUM_TARGET, NUM_FEATURES, NUM_CLASSES = 60, 90, 80, 5, 4
_TOLERANCE = 1e-9


def check(rule: Rule, checks: Mapping[str, Check] | None = None) -> None:
    """Run all ``checks``; the first that fails raises AssertionError with its name noted."""
    run_checks(rule, CHECKS if checks is None else checks, f"the rule {rule.name!r}")


def arrays(seed: int = 0, confidence: float = 1.0, noise: float = 1.0) -> dict[str, Any]:
    """Fields of an `Evidence`: logits are ``confidence`` at the right class and 0 elsewhere, plus normal noise."""
    draw = np.random.default_rng(seed)
    classes = {side: np.arange(count) % NUM_CLASSES for side, count in (("s", NUM_SOURCE), ("t", NUM_TARGET))}
    logits = {
        side: confidence * np.eye(NUM_CLASSES)[each] + noise * draw.standard_normal((len(each), NUM_CLASSES))
        for side, each in classes.items()
    }
    return {
        "source_features": draw.standard_normal((NUM_SOURCE, NUM_FEATURES)),
        "source_logits": logits["s"],
        "source_labels": classes["s"],
        "train_features": draw.standard_normal((NUM_TRAIN, NUM_FEATURES)),
        "target_features": draw.standard_normal((NUM_TARGET, NUM_FEATURES)) + 0.3,
        "target_logits": logits["t"],
    }


def the_same_twice(rule: Rule) -> None:
    """The risk is a finite number that depends on the evidence alone, which is not changed."""
    given = arrays()
    before = {name: value.copy() for name, value in given.items()}
    first = rule.risk(Evidence(**given))
    assert isinstance(first, float), type(first)
    assert math.isfinite(first), first
    assert rule.risk(Evidence(**given)) == first
    assert all(np.array_equal(given[name], before[name]) for name in given)


def order_does_not_matter(rule: Rule) -> None:
    """The examples of either part may come in any order."""
    given = arrays()
    for side in ("source", "train", "target"):
        moved = {name: value[::-1].copy() for name, value in given.items() if name.startswith(side)}
        assert_close(rule.risk(Evidence(**(given | moved))), rule.risk(Evidence(**given)))


def forms_of_input_agree(rule: Rule) -> None:
    """Tensors give the risk of arrays, and float32 nearly so."""
    given = arrays()
    risk = rule.risk(Evidence(**given))
    tensors: dict[str, Any] = {name: torch.from_numpy(value) for name, value in given.items()}
    assert_close(rule.risk(Evidence(**tensors)), risk)
    short = {name: value.astype(np.float32) for name, value in given.items() if value.dtype == np.float64}
    assert_close(rule.risk(Evidence(**(given | short))), risk, 1e-3)


def logits_have_no_origin(rule: Rule) -> None:
    """A number added to all logits of an example changes nothing."""
    given = arrays()
    draw = np.random.default_rng(1)
    moved = {
        name: given[name] + draw.standard_normal((len(given[name]), 1)) for name in ("source_logits", "target_logits")
    }
    assert_close(rule.risk(Evidence(**(given | moved))), rule.risk(Evidence(**given)))


def classes_have_no_order(rule: Rule) -> None:
    """The classes may be numbered in any way."""
    given = arrays()
    order = np.array([2, 0, 3, 1])
    moved = {name: given[name][:, order] for name in ("source_logits", "target_logits")}
    moved["source_labels"] = np.argsort(order)[given["source_labels"]]
    assert_close(rule.risk(Evidence(**(given | moved))), rule.risk(Evidence(**given)))


def a_good_classifier_has_less_risk(rule: Rule) -> None:
    """One that is sure and right on both domains is better than one that guesses."""
    good, guessing = (Evidence(**arrays(0, confidence, 0.5)) for confidence in (9.0, 0.0))
    assert rule.risk(good) < rule.risk(guessing)


def what_is_not_seen_does_not_matter(rule: Rule) -> None:
    """A rule that says it does not see the target, or labels, does not depend on them; others do."""
    given, other = arrays(0), arrays(5, 3.0)
    evidence = Evidence(**given)
    target = {name: other[name] for name in ("target_features", "target_logits")}
    labels = {"source_labels": np.roll(given["source_labels"], 1)}
    for seen, changed in ((rule.sees_target, target), (rule.sees_labels, labels)):
        same = rule.risk(replace(evidence, **changed)) == rule.risk(evidence)
        assert same != seen, f"{', '.join(changed)} {'do not ' if same else ''}enter"


CHECKS: Mapping[str, Check] = MappingProxyType(
    {
        each.__name__.replace("_", " "): each
        for each in (
            the_same_twice,
            order_does_not_matter,
            forms_of_input_agree,
            logits_have_no_origin,
            classes_have_no_order,
            a_good_classifier_has_less_risk,
            what_is_not_seen_does_not_matter,
        )
    }
)


def assert_close(one: float, other: float, tolerance: float = _TOLERANCE) -> None:
    """Equal to a relative tolerance, and to the same absolutely where both are small."""
    assert math.isclose(one, other, rel_tol=tolerance, abs_tol=tolerance), f"{one!r} and {other!r}"
