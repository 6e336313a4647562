"""Streaming moments: the same numbers as numpy, whatever the batches, merges and files on the way."""

import numpy as np
import pytest
import torch

from equipoise.core.errors import UserError
from equipoise.metrics import Moments, MomentsAccumulator, Protocol, frechet_distance
from equipoise.metrics.moments import BLOCK

DIGITS = Protocol("digits", "3f2a", data="abc", split="train", seed=1)


def features(count=2500, dimension=5, offset=3.0):
    # An offset many times the spread is where a naive sum of squares loses its digits.
    return (
        np.random.default_rng(0).standard_normal((count, dimension)) @ np.diag(np.arange(1.0, dimension + 1)) + offset
    )


def streamed(values, batch_size, **settings):
    accumulator = MomentsAccumulator(**settings)
    for start in range(0, len(values), batch_size):
        accumulator.update(values[start : start + batch_size])
    return accumulator.finish()


def same_bits(a, b):
    return np.array_equal(a.mean, b.mean) and np.array_equal(a.covariance, b.covariance) and a.count == b.count


@pytest.mark.parametrize("offset", [0.0, 1e6])
def test_equal_to_numpy(offset):
    values = features(offset=offset)
    moments = Moments.from_features(values)
    np.testing.assert_allclose(moments.mean, values.mean(axis=0), rtol=1e-13, atol=1e-13)
    np.testing.assert_allclose(moments.covariance, np.cov(values.T), rtol=1e-11, atol=1e-11)
    assert (moments.count, moments.dimension) == (2500, 5)
    assert np.array_equal(moments.covariance, moments.covariance.T)


@pytest.mark.parametrize("batch_size", [1, 7, 1000, BLOCK, BLOCK + 1, 2499])
def test_every_batch_size_gives_the_same_bits(batch_size):
    assert same_bits(streamed(features(), batch_size), Moments.from_features(features()))


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64, torch.bfloat16])
def test_tensors_keep_their_digits(dtype):
    values = torch.from_numpy(features()).to(dtype).requires_grad_()
    expected = np.cov(values.detach().double().numpy().T)
    np.testing.assert_allclose(Moments.from_features(values).covariance, expected, rtol=1e-12, atol=1e-12)


def test_finishing_does_not_stop_the_stream():
    values, accumulator = features(), MomentsAccumulator()
    accumulator.update(values[:1500])
    assert same_bits(accumulator.finish(), Moments.from_features(values[:1500]))
    accumulator.update(values[1500:])
    assert accumulator.count == 2500
    assert same_bits(accumulator.finish(), Moments.from_features(values))


def test_merging_is_associative_and_forgets_the_order():
    values = features(offset=100.0)
    a, b, c = (Moments.from_features(part) for part in np.split(values, [2, 1300]))
    whole = Moments.from_features(values)
    for merged in (a.merge(b).merge(c), a.merge(b.merge(c)), c.merge(a).merge(b), b.merge(c).merge(a)):
        assert merged.count == whole.count
        np.testing.assert_allclose(merged.mean, whole.mean, rtol=1e-12)
        scale = np.abs(whole.covariance).max()
        np.testing.assert_allclose(merged.covariance, whole.covariance, rtol=0, atol=1e-12 * scale)


def test_updates_in_another_order_agree_to_twelve_digits():
    """Sorted examples are the worst case: the first block is nothing like the rest."""
    values = np.sort(features(count=20_000, offset=10.0), axis=0)
    forwards, backwards, mixed = (
        Moments.from_features(each) for each in (values, values[::-1], np.random.default_rng(0).permutation(values))
    )
    scale = np.abs(forwards.covariance).max()
    for other in (backwards, mixed):
        np.testing.assert_allclose(other.mean, forwards.mean, rtol=1e-12)
        np.testing.assert_allclose(other.covariance, forwards.covariance, rtol=0, atol=1e-12 * scale)


@pytest.mark.parametrize("batch_size", [1, 7, BLOCK, 2500])
def test_products_in_float32_are_close_and_the_same_for_every_batch_size(batch_size):
    values = features(offset=3.0)
    exact = Moments.from_features(values.astype(np.float32))
    moments, whole = (streamed(values, size, float32_products=True) for size in (batch_size, len(values)))
    assert same_bits(moments, whole)
    # The mean is exact; entries of the covariance are off by roundings of float32.
    np.testing.assert_allclose(moments.mean, exact.mean, rtol=1e-13)
    np.testing.assert_allclose(moments.covariance, exact.covariance, rtol=0, atol=1e-6 * np.abs(exact.covariance).max())
    assert not np.array_equal(moments.covariance, exact.covariance)


def test_products_in_float32_hardly_move_a_distance():
    rng = np.random.default_rng(3)
    a, b = (np.maximum(rng.standard_normal((20_000, 64)) + shift, 0).astype(np.float32) for shift in (0.2, 0.3))
    exact = frechet_distance(Moments.from_features(a), Moments.from_features(b))
    quick = frechet_distance(*(streamed(each, 1000, float32_products=True) for each in (a, b)))
    assert quick == pytest.approx(exact, abs=1e-8)
    assert quick != exact


def test_merging_keeps_what_both_protocols_share():
    other = Protocol("digits", "3f2a", data="abc", split="train", seed=2)
    merged = Moments.from_features(features(), DIGITS).merge(Moments.from_features(features(), other))
    assert merged.protocol == Protocol("digits", "3f2a", data="abc", split="train", seed=None)


def test_merging_refuses_what_does_not_belong_together():
    ours = Moments.from_features(features(10), DIGITS)
    with pytest.raises(UserError, match="cannot be compared"):
        ours.merge(Moments.from_features(features(10), Protocol("mnist", "3f2a")))
    with pytest.raises(UserError, match="with and without a protocol"):
        ours.merge(Moments.from_features(features(10)))
    with pytest.raises(UserError, match="5 and 4 features"):
        ours.merge(Moments.from_features(features(10, 4), DIGITS))
    with pytest.raises(UserError, match="without a count"):
        ours.merge(Moments(ours.mean, ours.covariance, None, DIGITS))


def test_a_file_gives_back_every_bit(tmp_path):
    moments = Moments.from_features(features(), DIGITS)
    moments.save(tmp_path / "digits.npz")
    loaded = Moments.load(tmp_path / "digits.npz")
    assert same_bits(loaded, moments)
    assert loaded.protocol == DIGITS
    assert [path.name for path in tmp_path.iterdir()] == ["digits.npz"]


def test_a_file_has_the_names_of_the_community(tmp_path):
    moments = Moments.from_features(features())
    moments.save(tmp_path / "stats.npz")
    with np.load(tmp_path / "stats.npz", allow_pickle=False) as file:
        assert set(file.files) == {"mu", "sigma", "count"}
        np.testing.assert_array_equal(file["sigma"], moments.covariance)


def test_a_foreign_file_has_neither_count_nor_protocol(tmp_path):
    np.savez(tmp_path / "foreign.npz", mu=np.zeros(3, np.float32), sigma=np.eye(3, dtype=np.float32))
    loaded = Moments.load(tmp_path / "foreign.npz")
    assert (loaded.count, loaded.protocol) == (None, None)
    assert loaded.covariance.dtype == loaded.mean.dtype == np.float64


def test_files_of_other_programs_are_read(tmp_path):
    """clean-fid and pytorch-fid write these names, compressed or not; ADM's files hold more arrays beside them."""
    moments = Moments.from_features(features())
    np.savez_compressed(tmp_path / "pytorch-fid.npz", mu=moments.mean, sigma=moments.covariance)
    np.savez(tmp_path / "adm.npz", mu=moments.mean, sigma=moments.covariance, mu_s=np.zeros(7), sigma_s=np.eye(7))
    for name in ("pytorch-fid", "adm"):
        assert frechet_distance(Moments.load(str(tmp_path / f"{name}.npz")), moments) <= 1e-12


def test_records_share_memory_only_where_nobody_can_write():
    moments = Moments.from_features(features())
    assert Moments(moments.mean, moments.covariance).covariance is moments.covariance
    open_to_changes = np.eye(2)
    view = open_to_changes[:]
    view.setflags(write=False)
    copied = Moments(np.zeros(2), view)
    open_to_changes[0, 0] = 9
    assert copied.covariance[0, 0] == 1


def _garbage(path):
    path.write_bytes(b"PK\x03\x04 nothing of a zip")


def _cut_short(path):
    Moments.from_features(features()).save(path)
    path.write_bytes(path.read_bytes()[:-100])


def _pickled(path):
    np.savez(path, mu=np.array([{}], dtype=object), sigma=np.eye(1))


@pytest.mark.parametrize(
    "write",
    [
        _garbage,
        _cut_short,
        _pickled,
        lambda path: path.write_bytes(b""),
        lambda path: path.write_bytes(b"plain words"),
        lambda path: np.savez(path, mu=np.zeros(3)),
        lambda path: np.savez(path, mu=np.zeros(1), sigma=np.eye(1), protocol="[1]"),
        lambda path: np.savez(path, mu=np.zeros(1), sigma=np.eye(1), protocol='{"colour": 1}'),
    ],
)
def test_damaged_files_are_one_sentence(tmp_path, write):
    write(tmp_path / "bad.npz")
    with pytest.raises(UserError, match=r"bad.npz' is not a whole .npz file"):
        Moments.load(tmp_path / "bad.npz")


def test_missing_files_and_wrong_contents_name_the_file(tmp_path):
    with pytest.raises(UserError, match=r"none.npz' cannot be read \(No such file"):
        Moments.load(tmp_path / "none.npz")
    np.savez(tmp_path / "nan.npz", mu=np.zeros(2), sigma=np.full((2, 2), np.nan))
    with pytest.raises(UserError, match=r"nan.npz': The moments hold NaN"):
        Moments.load(tmp_path / "nan.npz")


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_features_that_are_not_finite_are_refused(bad):
    values = features()
    values[1200, 3] = bad
    with pytest.raises(UserError, match="NaN or infinite"):
        Moments.from_features(values)


def test_too_few_and_misshapen_features_are_refused():
    with pytest.raises(UserError, match="at least 2 examples, but 1"):
        Moments.from_features(features(1))
    with pytest.raises(UserError, match="at least 2 examples, but 0"):
        MomentsAccumulator().finish()
    with pytest.raises(UserError, match=r"shape \(4,\)"):
        Moments.from_features(np.zeros(4))
    accumulator = MomentsAccumulator()
    accumulator.update(features(3, 5))
    with pytest.raises(UserError, match="Features of 4 numbers follow features of 5"):
        accumulator.update(features(3, 4))


@pytest.mark.parametrize(
    ("mean", "covariance", "count", "words"),
    [
        (np.zeros(2), np.eye(3), 5, "are needed"),
        (np.zeros((2, 1)), np.eye(2), 5, "are needed"),
        (np.zeros(2), np.array([[1.0, 0.5], [0.0, 1.0]]), 5, "not symmetric"),
        (np.zeros(2), np.eye(2), 1, "at least 2"),
    ],
)
def test_records_that_cannot_be_moments_are_refused(mean, covariance, count, words):
    with pytest.raises(UserError, match=words):
        Moments(mean, covariance, count)


def test_a_record_cannot_be_changed():
    covariance = np.eye(2)
    moments = Moments(np.zeros(2), covariance)
    covariance[0, 0] = 9
    assert moments.covariance[0, 0] == 1
    with pytest.raises(ValueError, match="read-only"):
        moments.covariance[0, 0] = 9
