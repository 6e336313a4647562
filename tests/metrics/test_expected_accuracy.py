"""The accuracy that confidence promises: right on the source by construction, and as the threshold says elsewhere."""

import numpy as np
import pytest

from equipoise.core.errors import UserError
from equipoise.metrics.selection import error_rate, expected_accuracy


def drawn(number, sharpness, seed=0):
    """Logits of three classes whose predictions are right about as often as they say, and labels drawn from them."""
    draw = np.random.default_rng(seed)
    logits = sharpness * draw.normal(size=(number, 3))
    probabilities = np.exp(logits) / np.exp(logits).sum(1, keepdims=True)
    labels = (probabilities.cumsum(1) > draw.random((number, 1))).argmax(1)
    return logits, labels


def test_on_the_source_itself_it_is_the_accuracy():
    logits, labels = drawn(500, 2.0)
    assert expected_accuracy(logits, labels, logits) == pytest.approx(1 - error_rate(logits, labels))


@pytest.mark.parametrize("num_wrong", [0, 2, 10])
def test_on_the_source_itself_it_is_the_accuracy_among_equally_sure_predictions_too(num_wrong):
    logits, labels = [[3.0, 0.0]] * 10, [1] * num_wrong + [0] * (10 - num_wrong)
    assert expected_accuracy(logits, labels, logits) == pytest.approx(1 - num_wrong / 10)


def test_a_source_that_is_all_wrong_promises_nothing():
    assert expected_accuracy([[3.0, 0.0], [2.0, 0.0]], [1, 1], [[9.0, 0.0], [1.0, 0.0]]) == 0


def test_it_does_not_depend_on_the_order_of_examples():
    logits, labels = drawn(300, 2.0)
    others, _ = drawn(200, 1.0, seed=1)
    order = np.random.default_rng(2).permutation(300)
    assert expected_accuracy(logits[order], labels[order], others) == expected_accuracy(logits, labels, others)


def test_less_sure_predictions_promise_less():
    logits, labels = drawn(3000, 2.0)
    promised = [expected_accuracy(logits, labels, drawn(3000, sharpness, seed=1)[0]) for sharpness in (0.3, 1.0, 2.0)]
    assert promised == sorted(promised)
    assert promised[0] < promised[2] - 0.1


def test_a_source_without_errors_asks_for_as_much_confidence_as_its_least_sure_example():
    assert expected_accuracy([[3.0, 0.0], [0.0, 2.0]], [0, 1], [[1.0, 0.0], [2.5, 0.0]]) == 0.5


def test_labels_that_are_no_classes_are_refused():
    with pytest.raises(UserError, match="labels from 0 to 1"):
        expected_accuracy([[3.0, 0.0]], [2], [[1.0, 0.0]])
