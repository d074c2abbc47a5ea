"""Linear systems that chain neighbouring frames."""

import numpy as np

from ..quaternion import Array


def tridiagonal(diagonal: Array, beside: float, right: Array) -> Array:
    """Solve for `x (T,)`, complex: a matrix with `diagonal (T,)` and `beside` on both sides of it, times x, is `right`.

    Thomas' algorithm; the diagonal has to outweigh what is beside it.
    """
    count = len(diagonal)
    ratio, value = np.zeros(count), np.zeros(count, complex)
    before, done = 0.0, 0j
    for k in range(count):
        pivot = diagonal[k] - beside * before
        before, done = beside / pivot, (right[k] - beside * done) / pivot
        ratio[k], value[k] = before, done
    for k in range(count - 2, -1, -1):
        value[k] -= ratio[k] * value[k + 1]
    return value
