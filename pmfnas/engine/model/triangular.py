"""Cholesky factors and what is solved with them, by LAPACK without the checks of `scipy.linalg`.

These take longer than the work itself, which is done a thousand times per run on small matrices. A factor is lower, and
may have the order of C or of Fortran: transposed, the first is the second, so that LAPACK need not copy it.
"""

import numpy as np
from scipy.linalg.lapack import dpotrf, dpotrs, dtrtrs

from pmfnas.core.types import FloatArray


def factor_of(k: FloatArray) -> FloatArray:
    """Return the lower Cholesky factor of a symmetric positive definite matrix, (n, n).

    In the order of Fortran it is overwritten.

    Raises:
        numpy.linalg.LinAlgError: the matrix is not positive definite.
    """
    factor, info = dpotrf(k, lower=1, clean=1, overwrite_a=1)
    if info:
        raise np.linalg.LinAlgError(f"the leading minor of order {info} is not positive definite")
    return np.asarray(factor)


def whiten(factor: FloatArray, b: FloatArray) -> FloatArray:
    """Return L^-1 b, shape of b: (n,) or (n, m)."""
    if factor.flags.f_contiguous:
        solved, info = dtrtrs(factor, b, lower=1)
    else:
        solved, info = dtrtrs(factor.T, b, lower=0, trans=1)
    assert info == 0, "A factor has a positive diagonal."
    return np.asarray(solved)


def solve(factor: FloatArray, b: FloatArray) -> FloatArray:
    """Return K^-1 b, shape of b: (n,) or (n, m)."""
    if factor.flags.f_contiguous:
        solved, info = dpotrs(factor, b, lower=1)
    else:
        solved, info = dpotrs(factor.T, b, lower=0)
    assert info == 0, "The shapes agree."
    return np.asarray(solved)
