"""All training motion as one long timeline on the training device.

Clips are a few seconds long, windows five: clips of one person follow each other, cross-faded, each
turned and moved so that it goes on where the last one ended.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ...rig import quaternion
from ..shards import Clip

FADE = 20  # frames of overlap between two clips


@dataclass(frozen=True, eq=False)
class MotionBank:
    """`rotations (N, 24, 4)` local, `translation (N, 3)`; `person (N,)` rows of `offsets (K, 24, 3)`.

    `starts` are the frames at which a clip begins on its own.
    """

    rotations: Tensor
    translation: Tensor
    person: Tensor
    offsets: Tensor
    starts: Tensor

    def to(self, device: torch.device) -> "MotionBank":
        """The same on another device."""
        return MotionBank(*(getattr(self, name).to(device) for name in self.__dataclass_fields__))


def build_bank(clips: Sequence[Clip], seed: int, passes: int = 2) -> MotionBank:
    """Each pass orders the clips of each person anew, so that the joints between clips differ."""
    generator = np.random.default_rng(seed)
    offsets, rows = _people(clips)
    rotations: list[NDArray[np.float32]] = []
    translations: list[NDArray[np.float32]] = []
    people: list[NDArray[np.int64]] = []
    starts, length = [], 0
    for _ in range(passes):
        order = sorted(range(len(clips)), key=lambda k: (clips[k].subject, generator.random()))
        for k in order:
            q, x = clips[k].motion.rotations, clips[k].motion.translation
            if rotations and len(rotations[-1]) > 2 * FADE and len(q) > 2 * FADE:
                q, x = _joined(rotations, translations, q, x)
                length -= FADE
                people[-1] = people[-1][:-FADE]
            starts.append(length + FADE)
            rotations.append(q)
            translations.append(x)
            people.append(np.full(len(q), rows[k]))
            length += len(q)
    return MotionBank(
        torch.from_numpy(quaternion.make_continuous(np.concatenate(rotations))).float(),
        torch.from_numpy(np.concatenate(translations)).float(),
        torch.from_numpy(np.concatenate(people)).long(),
        torch.from_numpy(offsets).float(),
        torch.tensor(starts),
    )


def _people(clips: Sequence[Clip]) -> tuple[NDArray[np.float32], list[int]]:
    stacked = np.stack([clip.motion.skeleton.offsets for clip in clips])
    offsets, rows = np.unique(stacked, axis=0, return_inverse=True)
    return offsets, [int(row) for row in rows.reshape(-1)]


def _joined(
    rotations: list[NDArray[np.float32]],
    translations: list[NDArray[np.float32]],
    q: NDArray[np.float32],
    x: NDArray[np.float32],
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Take the last `FADE` frames off the timeline and give them back faded into the new clip."""
    q_end, x_end = rotations[-1][-FADE:], translations[-1][-FADE:]
    rotations[-1], translations[-1] = rotations[-1][:-FADE], translations[-1][:-FADE]
    turn = quaternion.about_y(quaternion.heading(q_end[0, 0]) - quaternion.heading(q[0, 0])).astype(np.float32)
    q = q.copy()
    q[:, 0] = quaternion.multiply(turn, q[:, 0])
    x = quaternion.rotate(turn, x - x[0] * [1, 0, 1]) + x_end[0] * [1, 0, 1]
    phase = np.linspace(0, 1, FADE + 2, dtype=np.float32)[1:-1]
    weight = phase * phase * (3 - 2 * phase)
    faded_q = quaternion.slerp(q_end, q[:FADE], weight[:, None])
    faded_x = x_end + weight[:, None] * (x[:FADE] - x_end)
    return (
        np.concatenate([faded_q, q[FADE:]]).astype(np.float32),
        np.concatenate([faded_x, x[FADE:]]).astype(np.float32),
    )
