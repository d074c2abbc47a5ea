"""What a session and its worker share: a question in, an answer out, as fixed records in shared memory.

There is one slot each way and one frame under way at most, so neither side ever writes what the other reads.
"""

from dataclasses import dataclass
from multiprocessing.context import SpawnContext
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

# as `ImuSequence` has them, for one frame
FRAME = np.dtype(
    [
        ("number", "i8"),
        ("orientation", "f4", (6, 4)),
        ("acceleration", "f4", (6, 3)),
        ("present", "?", (6,)),
    ],
    align=True,
)
# as `Motion` has them, for one frame; `took_ns`: nanoseconds that the network took
POSE = np.dtype(
    [
        ("number", "i8"),
        ("rotations", "f4", (24, 4)),
        ("translation", "f4", (3,)),
        ("confidence", "f4"),
        ("contact", "f4", (2,)),
        ("took_ns", "i8"),
    ],
    align=True,
)
# first byte of a message; the rest is JSON where there is one
FRAME_READY, POSE_READY, SWAP, TOLD, FAULT, END = b"f", b"p", b"s", b"t", b"x", b"e"


@dataclass(frozen=True, eq=False)
class Exchange:
    """Memory of both records, to be handed to a child as it is started; it is gone with the last who holds it."""

    question_memory: Any
    answer_memory: Any
    question_layout: np.dtype[np.void]
    answer_layout: np.dtype[np.void]

    @classmethod
    def new(cls, context: SpawnContext, question: np.dtype[np.void], answer: np.dtype[np.void]) -> Self:
        """Zeros."""
        memory = [context.RawArray("b", layout.itemsize) for layout in (question, answer)]
        return cls(memory[0], memory[1], question, answer)

    def question(self) -> NDArray[np.void]:
        """The question's record `(1,)`, in place."""
        return np.frombuffer(self.question_memory, self.question_layout, 1)

    def answer(self) -> NDArray[np.void]:
        """The answer's record `(1,)`, in place."""
        return np.frombuffer(self.answer_memory, self.answer_layout, 1)
