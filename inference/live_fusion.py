"""A camera beside worn sensors, picture by picture: `fusion_solver` without what is still to come.

A picture's pose is that of its own moment, which is past when it is known. What it says about the sensors' pose of that
moment is put on the poses of now by `rig/lifted/correction.py`.
"""

import time
from collections import deque

import numpy as np
from numpy.typing import NDArray

from ..rig.h36m import h36m_positions
from ..rig.imu import SLOTS, ImuSequence
from ..rig.kinematics import local_to_global
from ..rig.lifted.agree import Opinion, agreed_joints, mean_opinion
from ..rig.lifted.even import EvenKeypoints
from ..rig.lifted.path import SEEN, STEP
from ..rig.lifted.place import bone_lengths, place_pelvis
from ..rig.lifted.pose import pose_from_joints
from ..rig.lifted.standpoint import StandpointTracker
from ..rig.motion import SOLVE_RATE, Motion, evenly_timed
from ..rig.quaternion import Array, about_y, multiply, rotate
from ..rig.rotation import matrix_to_quaternion
from ..rig.skeleton import Skeleton, joint
from .fusion_solver import ABSENT, FELT, LIFTED, UNSEEN, worn_bones
from .lift_track import LiftStream
from .lifters import Lifter
from .lifting import SENSOR_JOINTS
from .live_lag import LiveLag
from .recent_sights import RecentSights
from .views import Sight, View
from .weights_file import LoadedNetwork

PLACED = 12  # pictures that tell where the performer is: the distance is smoothed
SEEN_FROM = 0.3  # confidence from which a joint counts as seen
ANCHORED = 30  # pictures that tell where the camera is
SLIDE = 0.6  # m/s at which the performer is put where they are seen, at most
GONE = 1.0  # seconds without the performer after which the network starts anew


class LiveFusion:
    """One performer before one camera, for a causal network that reads keypoints and sensors."""

    def __init__(self, loaded: LoadedNetwork[Lifter], skeleton: Skeleton) -> None:
        self._network, self._skeleton = loaded.network, skeleton
        self._lengths = bone_lengths(skeleton)
        self.forget()

    def forget(self) -> None:
        """Nothing is known of where the camera stands."""
        self._world = 0
        self._sights, self._lag, self._standpoint = RecentSights(), LiveLag(), StandpointTracker()
        self._stream: LiftStream | None = None
        self._squares = np.zeros(2)  # of the felt and the lifted joints, whose sizes are compared
        self._placing: deque[tuple[Array, Array, Array]] = deque(maxlen=PLACED)
        self._anchors: list[tuple[Array, Array]] = []  # where the performer was at first, in the world, to the camera
        self._shift = np.zeros(3)
        self._last_ns = self._present_ns = 0

    def take_over(self, other: object) -> None:
        """Where the camera stands is known to the one before."""
        if isinstance(other, LiveFusion):
            self._world, self._sights, self._lag = other._world, other._sights, other._lag
            self._standpoint, self._anchors, self._shift = other._standpoint, other._anchors, other._shift
            self._last_ns = other._last_ns

    def close(self) -> None:
        """Wait for what is still being found out."""
        self._lag.close()

    def push(self, view: View) -> Sight:
        """The next picture."""
        began = time.perf_counter_ns()
        if view.world != self._world:
            self.forget()
            self._world = view.world
        even = self._sights.add(view)
        felt = evenly_timed(view.rotations[None].astype(np.float64), view.translation[None], self._skeleton)
        joints = h36m_positions(felt).astype(np.float64)
        joints -= joints[:, :1]
        self._lag.add(view, joints[0])
        self._standpoint.learn(joints, even.rays[-1:], even.sure[-1:])
        found = self._seen(view, even, felt, joints)
        trust = float(even.sure[-1].mean()) if even.present[-1] and found is not None else 0.0
        rotations, translation = found if found is not None else (view.rotations, view.translation)
        return Sight(
            view.number,
            view.t_ns,
            found is not None,
            rotations,
            translation,
            trust,
            self._standpoint.heading,
            self._lag.lag_ns,
            self._lag.known,
            time.perf_counter_ns() - began,
        )

    def _seen(self, view: View, even: EvenKeypoints, felt: Motion, joints: Array) -> tuple[Array, Array] | None:
        turn = self._standpoint.turn
        if turn is None or not even.present[-1]:
            return None
        if view.t_ns - self._present_ns > GONE * 1e9:
            self._stream = None
            self._placing.clear()
        self._present_ns = view.t_ns
        upright = about_y(np.array([self._standpoint.heading]))
        imu = ImuSequence(view.orientation[None], np.zeros((1, 6, 3), np.float32), view.present[None], felt.t_ns)
        bones = local_to_global(felt.rotations.astype(np.float64))
        worn, known = worn_bones(imu, bones, upright)
        opinions = self._opinions(even, worn, known, rotate(upright[:, None], joints) @ turn.T, turn)
        agreed = self._agreed(opinions, even)
        world = agreed @ turn
        pose = pose_from_joints(world, world[:, 0], self._skeleton, _sensors(multiply(upright[:, None], bones), worn))
        self._place(view, agreed[0, 0], felt.translation[0].astype(np.float64), turn)
        return pose.rotations[0], (felt.translation[0] + self._shift).astype(np.float32)

    def _opinions(
        self, even: EvenKeypoints, worn: Array, known: NDArray[np.bool_], felt: Array, turn: Array
    ) -> list[Opinion]:
        """HiPoser's and the network's, which is as large as HiPoser's body and less trusted where joints are hidden."""
        if self._stream is None:
            self._stream = LiftStream(self._network, turn[:, 1])
        bones = np.where(known[..., None], multiply(matrix_to_quaternion(turn), worn), 0)
        said = self._stream.push(even.rays[-1], bones[0])[None]
        self._squares += [(felt**2).sum(), (said**2).sum()]
        size = np.sqrt(self._squares[0] / max(self._squares[1], 1e-9))
        recent = slice(-5, None)
        seen = (even.sure[recent] > SEEN_FROM).mean(axis=0, keepdims=True)
        gone = 1 - even.present[recent].mean()
        lifted = Opinion(said * size, LIFTED + UNSEEN * (1 - seen) + ABSENT * gone**2)
        return [lifted, Opinion(felt, np.full((1, 17), FELT))]

    def _agreed(self, opinions: list[Opinion], even: EvenKeypoints) -> Array:
        """Joints `(1, 17, 3)` in the camera's frame."""
        rays, sure = even.rays[-1:], even.sure[-1:]
        self._placing.append((mean_opinion(opinions)[0], rays[0], sure[0]))
        place = place_pelvis(*(np.stack(column) for column in zip(*self._placing, strict=True)))[-1:]
        return agreed_joints(opinions, place, rays, sure, self._lengths)

    def _place(self, view: View, seen: Array, felt: Array, turn: Array) -> None:
        """Follow the pelvis, `seen (3,)` from the camera, with the certainty that each axis of the camera has, as
        `fused_path`; heights are the feet's."""
        if len(self._anchors) < ANCHORED:
            self._anchors.append((felt + self._shift, seen))
        # as well as the camera's turn is known now
        where, there = (np.stack(column) for column in zip(*self._anchors, strict=True))
        camera = np.median(where - there @ turn, axis=0)
        seconds = min(1.0, (view.t_ns - self._last_ns) / 1e9)
        self._last_ns = view.t_ns
        gain = 1 - np.exp(-seconds * SOLVE_RATE * STEP / np.array(SEEN))
        off = turn.T @ seen + camera - felt - self._shift
        slide = turn.T @ (gain * (turn @ off))
        self._shift = self._shift + slide * min(1.0, SLIDE * seconds / max(float(np.linalg.norm(slide)), 1e-9))
        self._shift[1] = 0.0


def _sensors(felt: Array, worn: Array) -> dict[str, Array]:
    """By slot. What no sensor tells about a limb's twist HiPoser does, whose bones in the world are `felt (1, 24, 4)`:
    it knows what went before."""
    sensors = {name: worn[:, k] for k, name in enumerate(SENSOR_JOINTS) if name in SLOTS}
    sensors |= {f"{side}_upper_arm": felt[:, joint(f"{side}_shoulder")] for side in ("left", "right")}
    return sensors | {"head": felt[:, joint("head")]}
