"""Linear systems that chain neighbouring frames."""

import numpy as np

from ..quaternion import Array


def tridiagonal(diagonal: Array, beside: Array | float, right: Array) -> Array:
    """Solve for `x (T,)`, complex: a matrix with `diagonal (T,)` and `beside (T-1,)`, or one number, on both sides of
    it, times x, is `right`.

    Thomas' algorithm; the diagonal has to outweigh what is beside it.
    """
    count = len(diagonal)
    chain = np.zeros(count)
    chain[:-1] = beside
    ratio, value = np.zeros(count), np.zeros(count, complex)
    before, done, back = 0.0, 0j, 0.0
    for k in range(count):
        pivot = diagonal[k] - back * before
        before, done = chain[k] / pivot, (right[k] - back * done) / pivot
        ratio[k], value[k], back = before, done, chain[k]
    for k in range(count - 2, -1, -1):
        value[k] -= ratio[k] * value[k + 1]
    return value
