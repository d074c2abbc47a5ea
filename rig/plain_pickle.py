"""Pickles of plain numbers, read without running anything.

A pickle is a program. Here every name in it stands for an empty box that keeps what it is given, but for the few of
NumPy's that make plain arrays; no name is ever looked up anywhere.
"""

import io
import pickle
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .amass import DAMAGE
from .errors import FileFormatError

LARGEST = 1 << 31  # bytes


def read_plain(path: Path) -> dict[str, Any]:
    """The table of values that `path` pickles; arrays in it by `array_of`. Raises FileFormatError."""
    try:
        if path.stat().st_size > LARGEST:
            raise FileFormatError(path, "is larger than any such file.", "Choose another file.")
        data = path.read_bytes()
    except OSError as error:
        raise FileFormatError(path, f"cannot be read ({error.strerror}).") from error
    values = unpickled(data, path)
    if not isinstance(values, dict):
        raise FileFormatError(path, "holds no table of arrays.", "Choose another file.")
    return {str(key): value for key, value in values.items()}


def unpickled(data: bytes, path: Path) -> Any:
    """What `data`, of the file `path`, pickles. Raises FileFormatError."""
    try:
        return _Reader(io.BytesIO(data), encoding="latin1").load()
    except (*DAMAGE, pickle.UnpicklingError, AttributeError, IndexError, ImportError, RecursionError) as error:
        raise FileFormatError(
            path, f"cannot be read as a pickle of numbers ({error}).", "Choose another file."
        ) from error


class _Box:
    """What a name in a pickle becomes: it keeps what it is given and does nothing."""

    arguments: tuple[Any, ...] = ()
    state: Any = None

    def __init__(self, *arguments: Any) -> None:
        self.arguments = arguments

    def __setstate__(self, state: Any) -> None:
        self.state = state


class _ArrayBox(_Box):
    """`numpy.ndarray` as a pickle builds it: shape, type and bytes."""

    def array(self) -> NDArray[Any]:
        """Raises TypeError for arrays of Python objects."""
        _, shape, kind, fortran, data = self.state
        dtype = kind.dtype() if isinstance(kind, _TypeBox) else None
        if dtype is None or dtype.hasobject:
            raise TypeError("an array of objects")
        raw = data.encode("latin1") if isinstance(data, str) else bytes(data)
        return np.frombuffer(raw, dtype).reshape(shape, order="F" if fortran else "C")


class _TypeBox(_Box):
    """`numpy.dtype`."""

    def dtype(self) -> Any:
        """Of numbers; others raise."""
        order: Any = self.state[1] if self.state is not None else "="
        kind = np.dtype(str(self.arguments[0]))
        return kind if order in ("|", "=") else kind.newbyteorder(order)


def _reconstruct(*_arguments: Any) -> _ArrayBox:
    return _ArrayBox()


def _from_buffer(data: Any, kind: Any, shape: Any, order: Any) -> _ArrayBox:
    """How NumPy pickles arrays in protocol 5."""
    box = _ArrayBox()
    box.state = (1, shape, kind, order == "F", data)
    return box


def _encode(text: Any, _encoding: Any = None) -> bytes:
    """`_codecs.encode`, by which Python 3 pickles bytes in old protocols."""
    return str(text).encode("latin1")


def _no_bytes(*_arguments: Any) -> bytes:
    """`bytes()`, by which old protocols pickle nothing at all."""
    return b""


_KNOWN: dict[tuple[str, str], Any] = {
    ("__builtin__", "bytes"): _no_bytes,
    ("builtins", "bytes"): _no_bytes,
    ("numpy.core.multiarray", "_reconstruct"): _reconstruct,
    ("numpy._core.multiarray", "_reconstruct"): _reconstruct,
    ("numpy.core.numeric", "_frombuffer"): _from_buffer,
    ("numpy._core.numeric", "_frombuffer"): _from_buffer,
    ("numpy", "ndarray"): _ArrayBox,
    ("numpy", "dtype"): _TypeBox,
    ("_codecs", "encode"): _encode,
}


class _Reader(pickle.Unpickler):
    def find_class(self, module: str, name: str) -> Any:
        """Never the thing of that name."""
        return _KNOWN.get((module, name)) or type("_Named", (_Box,), {"named": f"{module}.{name}"})


def array_of(value: Any) -> NDArray[Any]:
    """A plain array of an array, of a sparse matrix by columns, or of chumpy's wrapping of one."""
    if isinstance(value, np.ndarray):
        return value
    if isinstance(value, _ArrayBox):
        return value.array()
    state = getattr(value, "state", None)
    if isinstance(state, tuple):
        state = next((part for part in state if isinstance(part, dict)), None)
    if isinstance(state, dict) and "x" in state:  # chumpy.ch.Ch
        return array_of(state["x"])
    if isinstance(state, dict) and {"data", "indices", "indptr"} <= set(state):
        return _dense(state)
    raise TypeError(f"{type(value).__name__} where numbers were expected")


def objects_of(value: Any) -> list[Any]:
    """What a pickled array of Python's objects holds, in a row. Raises TypeError for what is none."""
    if not isinstance(value, _ArrayBox) or not isinstance(value.state, tuple) or not isinstance(value.state[-1], list):
        raise TypeError(f"{type(value).__name__} where an array of objects was expected")
    return value.state[-1]


def _dense(state: Mapping[str, Any]) -> NDArray[Any]:
    """A compressed sparse column matrix, as scipy pickles it."""
    data, indices, starts = (array_of(state[key]) for key in ("data", "indices", "indptr"))
    shape = state.get("_shape", state.get("shape"))
    rows, columns = (int(size) for size in shape)
    if len(starts) != columns + 1:
        raise ValueError("a sparse matrix that is not by columns")
    dense = np.zeros((rows, columns))
    dense[indices, np.repeat(np.arange(columns), np.diff(starts))] = data
    return dense
