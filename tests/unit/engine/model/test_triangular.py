import numpy as np
import pytest

from pmfnas.engine.model.triangular import factor_of, solve, whiten

ROOT = np.random.default_rng(0).standard_normal((6, 6))
K = ROOT @ ROOT.T + np.eye(6)


@pytest.mark.parametrize("order", ["C", "F"])
@pytest.mark.parametrize("shape", [(6,), (6, 3)])
def test_factors_of_both_orders_solve_what_they_stand_for(order: str, shape: tuple[int, ...]) -> None:
    factor = np.asarray(factor_of(K.copy()), order=order)
    b = np.random.default_rng(1).standard_normal(shape)
    before = b.copy()
    assert factor @ factor.T == pytest.approx(K)
    assert factor @ whiten(factor, b) == pytest.approx(b)
    assert K @ solve(factor, b) == pytest.approx(b)
    assert (b == before).all()


def test_a_matrix_that_is_not_positive_definite_is_refused() -> None:
    with pytest.raises(np.linalg.LinAlgError, match="order 2 is not positive"):
        factor_of(np.diag([1.0, -1.0, 1.0]))
