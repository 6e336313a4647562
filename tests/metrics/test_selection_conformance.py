"""Every rule of selection goes through the suite; planted mistakes do not. And the rules do what they are for."""

import numpy as np
import pytest
from scipy import stats

from equipoise.metrics.selection import RULES, Evidence, Rule, conformance, importance_weighted_risk, mean_entropy


@pytest.mark.parametrize("check", conformance.CHECKS.values(), ids=conformance.CHECKS)
@pytest.mark.parametrize("rule", RULES.values(), ids=RULES)
def test_rules(rule, check):
    check(rule)


PLANTED = {
    "the same twice": lambda e: float(np.random.default_rng().random()),
    "order does not matter": lambda e: mean_entropy(e.target_logits[:10]),
    "forms of input agree": lambda e: float(e.target_logits.sum() * 1e6 % 1),
    "logits have no origin": lambda e: -float(e.target_logits.max(1).mean()),
    "classes have no order": lambda e: float((e.target_logits.argmax(1) != 0).mean()),
    "a good classifier has less risk": lambda e: 1 - float(e.errors.mean()),
    "what is not seen does not matter": lambda e: float(e.errors.mean()),
}


@pytest.mark.parametrize("name", conformance.CHECKS)
def test_planted_mistakes_are_found(name):
    with pytest.raises(AssertionError) as caught:
        conformance.check(Rule("planted", PLANTED[name]), {name: conformance.CHECKS[name]})
    assert name in caught.value.__notes__[0]


def shifted(num_examples=4000, shift=1.2):
    """Points on a line whose class depends on the place alone, and two classifiers to choose from.

    The class is 1 from 0 to 2. ``wide`` says so of all above 0, and is wrong where the source has few examples;
    ``narrow`` says so from 0.4 to 2, and is wrong where the target has few.

    Returns:
        For each classifier the evidence, its error on the target, and the places of the target.
    """
    draw = np.random.default_rng(0)
    places = {side: draw.normal(mean, 1, num_examples) for side, mean in (("s", 0), ("train", 0), ("t", shift))}
    truth = {side: (x > 0) & (x < 2) for side, x in places.items()}
    found = {}
    for name, (low, high) in {"wide": (0, np.inf), "narrow": (0.4, 2)}.items():
        says = {side: ((x > low) & (x < high)).astype(int) for side, x in places.items()}
        given = Evidence(
            source_features=places["s"][:, None],
            source_logits=5.0 * np.eye(2)[says["s"]],
            source_labels=truth["s"].astype(int),
            train_features=places["train"][:, None],
            target_features=places["t"][:, None],
            target_logits=5.0 * np.eye(2)[says["t"]],
        )
        found[name] = given, float((says["t"] != truth["t"]).mean())
    return found


@pytest.mark.parametrize("name", ["importance-weighted", "dev"])
def test_weighted_rules_choose_by_the_target_s_risk_where_the_source_s_misleads(name):
    found = shifted()
    assert {key: RULES[name].risk(each) for key, (each, _) in found.items()} == pytest.approx(
        {key: truth for key, (_, truth) in found.items()}, abs=0.04
    )
    by_source = {key: RULES["source-validation"].risk(each) for key, (each, _) in found.items()}
    assert by_source["wide"] < 0.5 * by_source["narrow"]
    assert found["wide"][1] > 1.5 * found["narrow"][1]


def test_the_example_is_what_the_normal_law_makes_it():
    law = stats.norm(1.2, 1)
    found = {key: truth for key, (_, truth) in shifted().items()}
    assert found == pytest.approx({"wide": law.sf(2), "narrow": law.cdf(0.4) - law.cdf(0)}, abs=0.02)


def test_no_rule_takes_a_classifier_for_good_because_its_features_part_the_domains():
    """Of plain weights the mean is then nothing, and so would be the risk of a classifier that is wrong."""
    draw = np.random.default_rng(0)
    apart = draw.normal(size=(400, 5)) + 9
    right = np.arange(400) % 4
    wrong = 9.0 * np.eye(4)[(right + (draw.random(400) < 0.7)) % 4]
    features = draw.normal(size=(2, 400, 5))
    evidence = Evidence(features[0], wrong, right, features[1], apart, wrong)
    assert importance_weighted_risk(evidence.errors, evidence.weights) < 0.01
    for name in ("source-validation", "importance-weighted", "dev"):
        assert RULES[name].risk(evidence) > 0.4
