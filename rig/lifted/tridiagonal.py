"""Linear systems that chain neighbouring frames."""

import numpy as np

from ..quaternion import Array


def tridiagonal(diagonal: Array, beside: float, right: Array) -> Array:
    """Solve for `x (T,)`, complex: a matrix with `diagonal (T,)` and `beside` on both sides of it, times x, is `right`.

    Thomas' algorithm; the diagonal has to outweigh what is beside it.
    """
    ratios, values = [], []
    before, done = 0.0, 0j
    for middle, wanted in zip(diagonal.tolist(), right.tolist(), strict=True):  # Python's numbers: NumPy's take longer
        pivot = middle - beside * before
        before, done = beside / pivot, (wanted - beside * done) / pivot
        ratios.append(before)
        values.append(done)
    for k in range(len(values) - 2, -1, -1):
        values[k] -= ratios[k] * values[k + 1]
    return np.array(values, complex)
