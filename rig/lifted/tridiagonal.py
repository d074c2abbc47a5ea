"""Linear systems that chain neighbouring frames."""

import numpy as np

from ..quaternion import Array


def tridiagonal(diagonal: Array, beside: Array | float, right: Array) -> Array:
    """Solve for `x (T,)`, complex: a matrix with `diagonal (T,)` and `beside (T-1,)`, or one number, on both sides of
    it, times x, is `right`.

    Thomas' algorithm; the diagonal has to outweigh what is beside it.
    """
    chain = np.append(np.broadcast_to(beside, len(diagonal) - 1), 0.0)
    ratios, values = [], []
    before, done, back = 0.0, 0j, 0.0
    # Python's numbers: NumPy's take longer
    for middle, wanted, on in zip(diagonal.tolist(), right.tolist(), chain.tolist(), strict=True):
        pivot = middle - back * before
        before, done, back = on / pivot, (wanted - back * done) / pivot, on
        ratios.append(before)
        values.append(done)
    for k in range(len(values) - 2, -1, -1):
        values[k] -= ratios[k] * values[k + 1]
    return np.array(values, complex)
