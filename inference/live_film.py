"""A camera alone, picture by picture: `film_solver` without what is still to come.

The first seconds, in which the performer stands, tell their bones, which way is up, and the floor; poses come after.
"""

import time
from collections import deque
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from ..rig.kinematics import forward_kinematics
from ..rig.lifted.agree import Opinion, agreed_joints
from ..rig.lifted.even import EvenKeypoints
from ..rig.lifted.ground import Ground, find_up, ground_of
from ..rig.lifted.path import SEEN, STEP
from ..rig.lifted.place import bone_lengths, in_metres, place_pelvis
from ..rig.lifted.pose import pose_from_joints
from ..rig.motion import SOLVE_RATE, Motion
from ..rig.one_euro import OneEuro, OneEuroState, one_euro
from ..rig.quaternion import Array, angle_between, slerp
from ..rig.skeleton import Skeleton, joint
from .film_solver import LIFTED, settled_joints, sized
from .lift_track import LiftStream, gives_metres
from .lifters import Lifter
from .recent_sights import RecentSights
from .views import Sight, View
from .weights_file import LoadedNetwork

STAND = 2.0  # seconds of standing that tell bones, up and floor
LEAST = 8  # pictures of it
SURE = 0.5  # mean confidence of the joints in them: the whole body is in the picture
KEPT = 20  # pictures in which twists and distances are told
GONE = 1.0  # seconds without the performer after which the network starts anew
FEET = (joint("left_foot"), joint("right_foot"))
CALM = 12.0  # rad/s
SLOW = 0.8  # m/s: a lowest foot under it stands
TREMOR = OneEuro(least=3.0, gain=1.5)  # a detector's joints are never still


class _Standing(NamedTuple):
    t_ns: int
    joints: Array
    rays: Array
    sure: Array


@dataclass(frozen=True, eq=False)
class _Known:
    """What standing told: `skeleton`, the `tilt (3, 3)` and `size` of the network's joints, the `ground`."""

    skeleton: Skeleton
    lengths: Array
    tilt: Array
    size: float
    ground: Ground


class LiveFilm:
    """One performer as tall as `skeleton` before one camera that stands still."""

    def __init__(self, loaded: LoadedNetwork[Lifter], skeleton: Skeleton) -> None:
        self._network, self._default = loaded.network, skeleton
        self._metres = gives_metres(loaded.network)
        self.forget()

    def forget(self) -> None:
        """Another camera, or another place for it."""
        self._world = 0
        self._sights = RecentSights()
        self._stream = LiftStream(self._network)
        self._standing: deque[_Standing] = deque()
        self._known: _Known | None = None
        self._present_ns = 0
        self._start_anew()

    def take_over(self, other: object) -> None:
        """Bones and floor are another network's own: nothing is taken over."""

    def close(self) -> None:
        """Holds nothing but memory."""

    def _start_anew(self) -> None:
        """The performer was away: nothing of before tells where they are."""
        self._recent: deque[_Standing] = deque(maxlen=KEPT)
        self._agreed: deque[Array] = deque(maxlen=KEPT)
        self._before: tuple[Array, Array] | None = None  # feet from the pelvis, and the pelvis
        self._smooth: OneEuroState | None = None

    def push(self, view: View) -> Sight:
        """The next picture."""
        began = time.perf_counter_ns()
        if view.world != self._world:
            self.forget()
            self._world = view.world
        even = self._sights.add(view)
        pose = self._pose(view.t_ns, even) if even.present[-1] else None
        rotations, place = pose or (view.rotations, view.translation)
        trust = float(even.sure[-1].mean()) if pose is not None else 0.0
        took = time.perf_counter_ns() - began
        return Sight(view.number, view.t_ns, pose is not None, rotations, place, trust, 0.0, 0, False, took)

    def _pose(self, t_ns: int, even: EvenKeypoints) -> tuple[Array, Array] | None:
        if t_ns - self._present_ns > GONE * 1e9:
            up = self._known.ground.turn[1] if self._known is not None else None
            self._stream = LiftStream(self._network) if up is None else LiftStream(self._network, up)
            self._start_anew()
            self._standing.clear()
        seconds, self._present_ns = (t_ns - self._present_ns) / 1e9, t_ns
        said = _Standing(t_ns, self._stream.push(even.rays[-1]), even.rays[-1], even.sure[-1])
        if self._known is None:
            self._known = self._stood(said)
        return None if self._known is None else self._posed(self._known, said, seconds)

    def _stood(self, now: _Standing) -> _Known | None:
        """From the last `STAND` seconds of pictures that show the whole body; None until they are full."""
        if now.sure.mean() < SURE:
            self._standing.clear()
            return None
        self._standing.append(now)
        while now.t_ns - self._standing[1 if len(self._standing) > 1 else 0].t_ns > STAND * 1e9:
            self._standing.popleft()
        if now.t_ns - self._standing[0].t_ns < STAND * 1e9 or len(self._standing) < LEAST:
            return None
        t_ns = np.array([one.t_ns for one in self._standing], np.int64)
        joints, rays, sure = (np.stack([one[k] for one in self._standing]) for k in (1, 2, 3))
        even = EvenKeypoints(rays, sure, np.ones(len(t_ns), bool), t_ns)
        return self._measured(joints, even)

    def _measured(self, said: Array, even: EvenKeypoints) -> _Known:
        joints, skeleton = sized(said, even, self._metres, self._default.height)
        lengths = bone_lengths(skeleton)
        agreed = settled_joints([Opinion(joints, np.full(even.sure.shape, LIFTED))], even, lengths)
        ground = ground_of(agreed, even.present, find_up(agreed, even.present), skeleton)
        plain = said if self._metres else in_metres(said, self._default, even.sure)
        u, _, v = np.linalg.svd(np.einsum("tki,tkj->ij", joints, plain))
        tilt = u @ np.diag([1, 1, np.linalg.det(u @ v)]) @ v
        size = float(np.sqrt((joints**2).sum() / (plain**2).sum()))
        # what the network is told of the camera's tilt is known from now on
        self._stream = LiftStream(self._network, ground.turn[1])
        self._standing.clear()
        return _Known(skeleton, lengths, tilt, size, ground)

    def _posed(self, known: _Known, said: _Standing, seconds: float) -> tuple[Array, Array]:
        self._recent.append(said)
        joints, rays, sure = (np.stack([one[k] for one in self._recent]) for k in (1, 2, 3))
        plain = joints if self._metres else in_metres(joints, self._default, sure)
        sized_joints = known.size * plain @ known.tilt.T
        place = place_pelvis(sized_joints, rays, sure)[-1:]
        opinion = Opinion(sized_joints[-1:], np.full((1, 17), LIFTED))
        self._agreed.append(agreed_joints([opinion], place, rays[-1:], sure[-1:], known.lengths)[0])
        world = known.ground.to_world(np.stack(self._agreed))
        rate = min(SOLVE_RATE, 1 / max(seconds, 1e-3))
        motion = pose_from_joints(world, world[:, 0], known.skeleton, rate=rate)
        at = self._walked(motion, world[-1, 0], known, seconds)
        turned = self._calmed(motion.rotations[-1].astype(np.float64), seconds)
        rotations, at, self._smooth = one_euro(turned, at, max(seconds, 1e-3), self._smooth, TREMOR)
        return rotations.astype(np.float32), at.astype(np.float32)

    def _calmed(self, pose: Array, seconds: float) -> Array:
        """No joint turns faster than a performer's: what does is understood differently than the picture before."""
        if self._smooth is None:
            return pose
        turned = angle_between(self._smooth.rotations, pose)
        return slerp(self._smooth.rotations, pose, np.minimum(1.0, CALM * seconds / np.maximum(turned, 1e-9)))

    def _walked(self, motion: Motion, seen: Array, known: _Known, seconds: float) -> Array:
        """Where the pelvis is: a standing foot carries it, the camera says where on the whole, as `fused_path`; the
        lower foot is on the floor."""
        pose = motion.rotations[-1:].astype(np.float64)
        feet = forward_kinematics(pose, np.zeros((1, 3)), known.skeleton)[0, FEET, :]
        floor = known.skeleton.sole_depth - float(feet[:, 1].min())
        if self._before is None:
            self._before = feet, seen
            return np.array([seen[0], floor, seen[2]])
        lowest = int(np.argmin(feet[:, 1]))
        held = self._before[0][lowest] - feet[lowest]
        moved = seen - self._before[1]
        off = np.linalg.norm(moved - held) / max(seconds, 1e-3)
        at = self._before[1] + (held if off < SLOW else moved)
        gain = 1 - np.exp(-min(seconds, 1.0) * SOLVE_RATE * STEP / np.array(SEEN))
        turn = known.ground.turn
        at = at + turn @ (gain * (turn.T @ (seen - at)))
        self._before = feet, at
        return np.array([at[0], floor, at[2]])
