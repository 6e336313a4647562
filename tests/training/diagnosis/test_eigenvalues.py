"""Searches against dense solutions, and what they say when they fail."""

import numpy as np
import pytest

from equipoise.training.diagnosis.eigenvalues import ROUGH, Budget, of_general, of_symmetric

SEARCHED = {"dense_up_to": 2, "accuracy": 1e-8, "max_products": 20_000}


def general(size=60, seed=0):
    return np.random.default_rng(seed).standard_normal((size, size))


@pytest.mark.parametrize("seed", range(4))
def test_ends_of_a_general_matrix_are_those_of_the_dense_solution(seed):
    matrix = general(seed=seed)
    dense = np.linalg.eigvals(matrix)
    found = of_general(lambda w: matrix @ w, 60, Budget(**SEARCHED), "matrix")
    assert found.failures == ()
    assert not found.complete
    for value in (dense.real.min(), dense.real.max()):
        assert np.abs(found.values.real - value).min() < 1e-6
    assert np.abs(found.values.imag - dense.imag.max()).min() < 1e-6
    assert found.scale == pytest.approx(np.abs(dense).max(), rel=ROUGH)
    for value in found.values:
        assert np.abs(dense - value).min() < 1e-5
    assert found.residual < 1e-5 * found.scale


@pytest.mark.parametrize("seed", range(4))
def test_ends_of_a_symmetric_matrix(seed):
    matrix = general(seed=seed)
    matrix = matrix + matrix.T
    dense = np.linalg.eigvalsh(matrix)
    found = of_symmetric(lambda w: matrix @ w, 60, Budget(**SEARCHED), "matrix")
    np.testing.assert_allclose(found.values.real.min(), dense.min(), atol=1e-6)
    np.testing.assert_allclose(found.values.real.max(), dense.max(), atol=1e-6)
    assert not found.values.imag.any()


def test_small_matrices_are_solved_whole():
    matrix = general(8)
    found = of_general(lambda w: matrix @ w, 8, Budget(), "matrix")
    assert found.complete
    assert found.num_products == 8
    np.testing.assert_allclose(np.sort_complex(found.values), np.sort_complex(np.linalg.eigvals(matrix)), atol=1e-12)
    assert found.residual < 1e-12


def test_an_end_at_zero_converges_because_it_is_measured_against_the_scale():
    """Most of a network's spectrum lies at 0, where an error relative to the eigenvalue itself would never be small."""
    values = np.concatenate([np.zeros(197), [-1e-3, 5.0, 40.0]])
    basis = np.linalg.qr(np.random.default_rng(0).standard_normal((200, 200)))[0]
    matrix = basis @ np.diag(values) @ basis.T
    found = of_symmetric(lambda w: matrix @ w, 200, Budget(dense_up_to=2, accuracy=1e-6), "matrix")
    assert found.failures == ()
    assert found.values.real.min() == pytest.approx(-1e-3, abs=1e-4)
    assert found.num_products < 1000


def test_a_search_that_runs_out_says_so_and_keeps_what_it_has():
    matrix = general(400)
    matrix[0, 0] = 500.0  # found at once, unlike the edge of the cloud of all others
    budget = Budget(dense_up_to=2, accuracy=1e-10, max_products=50)
    found = of_general(lambda w: matrix @ w, 400, budget, "Jacobian")
    assert {"SR"} <= set(found.missing) <= {"SR", "LI"}
    assert any("smallest real part none converged" in sentence for sentence in found.failures)
    assert found.values.real.max() == pytest.approx(500.0, rel=0.01)


@pytest.mark.parametrize("find", [of_general, of_symmetric])
@pytest.mark.parametrize(("num", "most"), [(1, 50), (4, 50), (4, 60), (20, 60), (20, 300)])
def test_no_search_takes_more_products_than_it_may(find, num, most):
    matrix, taken = general(300), []
    matrix = matrix + matrix.T if find is of_symmetric else matrix
    budget = Budget(num, most, 1e-12, 2, on_product=lambda what, done, total: taken.append(what))
    find(lambda w: matrix @ w, 300, budget, "matrix")
    assert max(taken.count(what) for what in set(taken)) <= most


def test_the_search_repeats_and_tells_of_progress():
    matrix, told = general(), []
    budget = Budget(dense_up_to=2, on_product=lambda what, done, total: told.append((what, done, total)))
    once, again = (of_general(lambda w: matrix @ w, 60, budget, "Jacobian") for _ in range(2))
    np.testing.assert_array_equal(once.values, again.values)
    assert {what for what, _, _ in told} >= {
        f"Jacobian, {end} real part (may end sooner)" for end in ("smallest", "largest")
    }
    assert all(done <= total for _, done, total in told)
    different = of_general(lambda w: matrix @ w, 60, Budget(dense_up_to=2, seed=1), "Jacobian")
    assert not np.array_equal(once.values, different.values)


def test_pairs_are_whole_and_sorted():
    matrix = general(40, seed=3)
    values = of_general(lambda w: matrix @ w, 40, Budget(**SEARCHED), "matrix").values
    assert list(values.real) == sorted(values.real, reverse=True)
    for value in values[values.imag > 0]:
        assert value.conjugate() in values
