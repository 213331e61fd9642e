"""Arrays as plain data: what is held of many series together is written as bytes."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray


def packed(values: NDArray[Any]) -> list[Any]:
    """An array as plain data that nobody changes afterwards: its type, its shape and its bytes.

    >>> packed(np.array([[1, 2]], dtype=np.int8))
    ['|i1', [1, 2], b'\\x01\\x02']
    """
    return [values.dtype.str, list(values.shape), values.tobytes()]


def unpacked(saved: list[Any]) -> NDArray[Any]:
    """The array that `packed` was given.

    >>> unpacked(packed(np.arange(4.0).reshape(2, 2))).tolist()
    [[0.0, 1.0], [2.0, 3.0]]
    """
    kind, shape, values = saved
    return np.frombuffer(values, dtype=kind).reshape(shape).copy()
