"""The n-gram divergence against dictionaries, known values, and real sentences."""

from collections import Counter

import numpy as np
import pytest
import torch

from equipoise.core.errors import UserError
from equipoise.metrics import encode, interval, ngram_divergence


def by_dictionaries(samples, reference, order):
    """The published way: counts in dictionaries, each sum over its own support."""

    def frequencies(lines):
        counts = Counter(tuple(line[at : at + order]) for line in lines for at in range(len(line) - order + 1))
        total = sum(counts.values())
        return {gram: count / total for gram, count in counts.items()}

    p, q = frequencies(samples), frequencies(reference)

    def divergence(one, other):
        return sum(each * np.log2(each / ((each + other.get(gram, 0)) / 2)) for gram, each in one.items())

    return (divergence(p, q) + divergence(q, p)) / 2


def codes(seed, count, alphabet=8, length=16):
    # Squares: some characters are frequent, some rare.
    return np.sqrt(np.random.default_rng(seed).integers(0, alphabet**2, (count, length))).astype(int)


@pytest.mark.parametrize("order", range(1, 7))
def test_equals_dictionaries(order):
    samples, reference = codes(0, 60), codes(1, 200, alphabet=9)
    found = ngram_divergence(samples, reference, order)
    assert found.value == pytest.approx(by_dictionaries(samples.tolist(), reference.tolist(), order), abs=1e-12)


@pytest.mark.parametrize("alphabet", [2000, 50_000, 10**6])
def test_alphabets_whose_sixth_power_is_too_large_for_an_integer(alphabet):
    samples, reference = codes(2, 50, alphabet), codes(2, 80, alphabet)
    samples[:, 3:9], reference[:40, 3:9] = 5, 5
    found = ngram_divergence(samples, reference, 6)
    assert found.value == pytest.approx(by_dictionaries(samples.tolist(), reference.tolist(), 6), abs=1e-12)


def test_known_values():
    assert ngram_divergence(["aaaa"], ["aaaa", "aaaa"], 2).value == 0
    assert ngram_divergence(codes(3, 5), codes(3, 5) + 100, 1).value == 1
    # p = (1, 0), q = (1/2, 1/2): 1/2 log2(4/3) + 1/4 log2(2/3) + 1/4.
    halves = np.array([[0, 1], [1, 0]])
    expected = np.log2(4 / 3) / 2 + np.log2(2 / 3) / 4 + 1 / 4
    assert ngram_divergence(np.zeros((3, 2), int), halves, 1).value == pytest.approx(expected, rel=1e-12)


def test_strings_tensors_and_arrays_are_one():
    strings = ["the cat sat", "on the mat", "a" * 40, ""]
    coded = encode(strings)
    assert coded.shape == (4, 32)
    assert "".join(map(chr, coded[1])) == "on the mat" + "`" * 22
    assert "".join(map(chr, coded[2])) == "a" * 32
    values = {ngram_divergence(form, ["the dog", "sat"], 3).value for form in (strings, coded, torch.from_numpy(coded))}
    assert len(values) == 1


def test_the_floor_is_that_of_as_many_real_strings():
    reference = codes(4, 4000)
    few, many = (ngram_divergence(codes(5, count), reference, 4) for count in (50, 1000))
    assert (few.num_floor, many.num_floor) == (50, 1000)
    assert few.floor > 3 * many.floor
    # The samples follow the law of the reference, so each is at its floor.
    for found in (few, many):
        assert found.value == pytest.approx(found.floor, rel=0.15)
    assert ngram_divergence(codes(5, 3000), reference, 4).num_floor == 2000


def test_the_interval_is_as_wide_as_the_spread_over_samples():
    def drawn(seed):
        return codes(seed, 300, alphabet=4), codes(1000 + seed, 300, alphabet=5)

    found = [interval("ngram-2", *drawn(seed)) for seed in range(60)]
    values = np.array([each.value for each in found])
    assert np.mean([each.standard_error for each in found]) == pytest.approx(values.std(), rel=0.35)
    assert np.mean([each.low <= values.mean() <= each.high for each in found]) > 0.85
    assert "real strings get" in found[0].notes[0]


def test_real_sentences_are_nearer_to_each_other_than_to_shuffled_ones(shared_data):
    lines = (shared_data("sentences") / "train.txt").read_text().splitlines()
    shuffled = [
        "".join(np.random.default_rng(row).permutation(list(line[:32]))) for row, line in enumerate(lines[:640])
    ]
    real, fake = (ngram_divergence(each, lines[640:4000], 4) for each in (lines[:640], shuffled))
    assert real.value < 1.1 * real.floor
    assert fake.value > real.value + 0.2


@pytest.mark.parametrize(
    ("samples", "reference", "order", "words"),
    [
        (codes(0, 3), codes(0, 3)[:, :5], 2, "16 and 5 characters"),
        (codes(0, 3), codes(0, 3), 17, "n-grams of 17"),
        (codes(0, 3), codes(0, 3), 0, "n-grams of 0"),
        (codes(0, 3)[:0], codes(0, 3), 2, "0 strings"),
        ([], ["a", "b"], 1, "0 strings"),
        ([1, 2], ["a", "b"], 1, "list of strings"),
        ("ab", ["a", "b"], 1, "list of strings"),
        (codes(0, 3).astype(float), codes(0, 3), 2, "float64"),
    ],
)
def test_mistakes(samples, reference, order, words):
    with pytest.raises(UserError, match=words):
        ngram_divergence(samples, reference, order)
