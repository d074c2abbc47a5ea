"""From calibrated sensors to motion with HiPoser.

`LiveSolver` takes frames as they come and never looks ahead. `solve` takes a recording: in mode "live" it gives what
a `LiveSolver` would have given, in mode "offline" it also solves the recording mirrored and backwards and takes the
mean, since a mirrored performer and a reversed movement are a performer and a movement too.
"""

import copy
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from ..rig.errors import BadInputError
from ..rig.imu import ImuSequence
from ..rig.kinematics import global_to_local
from ..rig.motion import Motion, Origin
from ..rig.quaternion import IDENTITY, make_continuous, slerp
from ..rig.rotation import matrix_to_quaternion, quaternion_to_matrix
from ..rig.skeleton import MIRROR, PARENTS, SMPL24, Skeleton
from . import streaming
from .frame_network import FrameNetwork, FrameOutput, Sensed
from .networks.hiposer import HiPoser
from .poses import nearest_rotation
from .smoothing import SmoothingState, running_mean, steady
from .streaming import Answer
from .translation import TravelState, travel
from .weights_file import load_network

Progress = Callable[[float, str], None]
Matrices = NDArray[np.float64]

HAND_GAIN = 0.1  # per frame: hands come back within half a second of their forearm's sensor
_REFLECTION = np.array([[1, -1, -1], [-1, 1, 1], [-1, 1, 1]], float)  # S R S with S = diag(-1, 1, 1), entry by entry
_MIRROR_SLOTS = [1, 0, 3, 2, 4, 5]
_LEG_JOINTS = [1, 2, 4, 5, 7, 8, 10, 11]  # left, right, left, ... from the hips to the toes
_LEG_PARENTS = [PARENTS[joint] for joint in _LEG_JOINTS]


@dataclass(frozen=True, eq=False)
class Said:
    """What a network said of some frames: `world (T, 24, 3, 3)` rotations, `velocity (T, 3)` m/s, `contact (T, 2)`."""

    world: Matrices
    velocity: NDArray[np.float64]
    contact: NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class SolvedFrames:
    """`rotations (T, 24, 4)` local w, x, y, z; `translation (T, 3)` metres; `confidence (T,)` and `contact (T, 2)` of
    left and right foot in [0, 1]."""

    rotations: NDArray[np.float32]
    translation: NDArray[np.float32]
    confidence: NDArray[np.float32]
    contact: NDArray[np.float32]


class LiveSolver:
    """One performer, frame by frame; `benchmarks/latency.py` measures what a `push` costs."""

    def __init__(self, network: HiPoser, skeleton: Skeleton = SMPL24, device: str = "cpu") -> None:
        self._network = FrameNetwork(network)
        self._on_device = None if device == "cpu" else _OnDevice(network, device)
        self._body = _Body(skeleton)
        self._root: NDArray[np.float32] | None = None

    def in_place_of(self, other: "LiveSolver") -> "LiveSolver":
        """Go on from where the performer of `other` stands."""
        self._body, self._root = other._body, other._root
        return self

    def push(
        self, orientation: NDArray[np.float32], acceleration: NDArray[np.float32], present: NDArray[np.bool_]
    ) -> SolvedFrames:
        """One frame of `ImuSequence`: `(6, 4)`, `(6, 3)` and `(6,)`. Raises BadInputError until a pelvis was seen."""
        if present[5]:
            self._root = orientation[5].copy()
        if self._root is None:
            raise BadInputError(_NO_PELVIS)
        orientation = orientation.copy()
        orientation[5] = self._root
        readable = _readable(orientation, acceleration, present)
        if self._on_device is not None:
            return self._body.pose(self._on_device.say(*readable), present[None])
        sensed = self._network.sense(*readable)
        return self._body.pose(_said_now(self._network.say(sensed), sensed), present[None])


class _OnDevice:
    """The network frame by frame on a GPU."""

    def __init__(self, network: HiPoser, device: str) -> None:
        self._device = device
        self._network = copy.deepcopy(network).to(device)
        self._state = streaming.start(self._network)

    @torch.inference_mode()
    def say(self, *readable: NDArray[Any]) -> Said:
        orientation, acceleration, present = (
            torch.from_numpy(values)[None, None].to(self._device) for values in readable
        )
        answer, self._state = streaming.advance(self._network, orientation, acceleration, present, self._state)
        output = answer.output._replace(**_to_cpu(answer.output._asdict()))
        return _said([Answer(output, answer.sensors._replace(**_to_cpu(answer.sensors._asdict())))])


def _to_cpu(values: dict[str, Any]) -> dict[str, Any]:
    return {name: value.cpu() if isinstance(value, torch.Tensor) else value for name, value in values.items()}


class _Body:
    """From world rotations to a pose that stands on the floor; carries filter and place from call to call."""

    def __init__(self, skeleton: Skeleton) -> None:
        self.skeleton = skeleton
        self._smoothing: SmoothingState | None = None
        self._travel: TravelState | None = None
        self._forearms: NDArray[np.float64] | None = None

    def pose(self, said: Said, present: NDArray[np.bool_]) -> SolvedFrames:
        world, self._smoothing = steady(said.world, self._smoothing)
        rotations = matrix_to_quaternion(world)
        feet = _feet(world, self.skeleton)
        pelvis, self._travel = travel(feet, said.velocity, said.contact, self.skeleton, self._travel)
        return SolvedFrames(
            self._still_hands(global_to_local(rotations), present).astype(np.float32),
            pelvis.astype(np.float32),
            # each missing limb takes its share of what is known
            present.mean(axis=1).astype(np.float32),
            said.contact.astype(np.float32),
        )

    def _still_hands(self, rotations: NDArray[np.float64], present: NDArray[np.bool_]) -> NDArray[np.float64]:
        """Let wrist and hand follow a forearm that no sensor sees: guesses flutter."""
        seen = present[:, :2].astype(np.float64)
        share = running_mean(seen, seen[0] if self._forearms is None else self._forearms, HAND_GAIN)
        self._forearms = share[-1]
        hands = rotations[:, 20:24]
        rotations[:, 20:24] = slerp(IDENTITY, hands, np.concatenate([share, share], axis=1))
        return rotations


def _feet(world: Matrices, skeleton: Skeleton) -> Matrices:
    """Toe joints `(T, 2, 3)` relative to the pelvis: the bones on the way to each, added up."""
    bones = np.einsum("tjab,jb->tja", world[:, _LEG_PARENTS], skeleton.offsets[_LEG_JOINTS])
    return np.stack([bones[:, 0::2].sum(axis=1), bones[:, 1::2].sum(axis=1)], axis=1)


_NO_PELVIS = (
    "No pelvis sensor: every other sensor is read relative to it. Give the pelvis sensor its slot "
    "(--slot NAME=pelvis) or record again with it."
)


def solve(
    imu: ImuSequence,
    *,
    network: str = "hiposer-d",
    mode: str = "live",
    skeleton: Skeleton = SMPL24,
    progress: Progress = lambda share, doing: None,
) -> Motion:
    """The motion in a recording. Raises BadInputError for an unknown network or a recording without pelvis."""
    loaded = load_network(network)
    solved = solve_frames(loaded.network, imu, offline=mode == "offline", skeleton=skeleton, progress=progress)
    return Motion(
        make_continuous(solved.rotations),
        solved.translation,
        imu.t_ns,
        skeleton,
        solved.confidence,
        Origin(f"{loaded.card.name} {mode}", loaded.digest),
        solved.contact,
    )


@torch.inference_mode()
def solve_frames(
    network: HiPoser,
    imu: ImuSequence,
    *,
    offline: bool = False,
    skeleton: Skeleton = SMPL24,
    progress: Progress = lambda share, doing: None,
) -> SolvedFrames:
    """As `solve`, with a network in hand."""
    if not imu.present[:, 5].any():
        raise BadInputError(_NO_PELVIS)
    imu = _hold_pelvis(imu)
    passes = 3 if offline else 1
    with _one_thread():
        said = _pass(network, imu, 0, passes, progress)
        if offline:
            mirrored = _mirrored(_pass(network, _mirrored_imu(imu), 1, passes, progress))
            backward = _reversed(_pass(network, _reversed_imu(imu), 2, passes, progress))
            said = _mean(said, mirrored, backward)
    return _Body(skeleton).pose(said, imu.present)


@contextmanager
def _one_thread() -> Iterator[None]:
    """The network's operations are too small to share; on a busy machine threads that wait for each other cost 30 times
    the work."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(threads)


def _pass(network: HiPoser, imu: ImuSequence, index: int, passes: int, progress: Progress) -> Said:
    total = passes * max(1, len(imu))

    def tell(frames: int) -> None:
        progress((index * len(imu) + frames) / total, "Solving")

    tensors = _to_tensors(imu.orientation, imu.acceleration, imu.present)
    return _said(list(streaming.run(network, *tensors, tell)))


def _to_tensors(
    orientation: NDArray[np.float32], acceleration: NDArray[np.float32], present: NDArray[np.bool_]
) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    matrices, clean, seen = _readable(orientation, acceleration, present)
    return torch.from_numpy(matrices)[None], torch.from_numpy(clean)[None], torch.from_numpy(seen)[None]


def _readable(
    orientation: NDArray[np.float32], acceleration: NDArray[np.float32], present: NDArray[np.bool_]
) -> tuple[NDArray[np.float32], NDArray[np.float32], NDArray[np.bool_]]:
    """Rotations as matrices `(..., 6, 3, 3)`; absent slots may hold anything, so they are cleared here."""
    clean_q = np.where(present[..., None], orientation, np.array([1, 0, 0, 0], np.float32))
    clean_q[..., 5, :] = orientation[..., 5, :]
    clean_a = np.where(present[..., None], acceleration, np.float32(0))
    # the pelvis is held while it is away, so the network is told that it is there
    seen = present.copy()
    seen[..., 5] = True
    return quaternion_to_matrix(clean_q).astype(np.float32), clean_a, seen


def _said(answers: list[Answer]) -> Said:
    rotations = torch.cat([a.output.rotations[0] for a in answers]).double().numpy()
    frame = torch.cat([a.sensors.frame[0] for a in answers]).double().numpy()
    heading = torch.cat([a.sensors.heading[0] for a in answers])
    velocity = torch.cat([a.output.velocity[0] for a in answers])
    world = frame[:, None] @ nearest_rotation(rotations)
    world[:, 0] = torch.cat([a.sensors.root[0] for a in answers]).double().numpy()
    # in float32 two standing feet are both 1, and which of them counts would be a matter of rounding
    contact = torch.cat([a.output.contact[0] for a in answers]).double().sigmoid()
    return Said(world, (heading @ velocity[..., None])[..., 0].double().numpy(), contact.numpy())


def _said_now(output: FrameOutput, sensed: Sensed) -> Said:
    world = sensed.frame @ nearest_rotation(output.rotations.astype(np.float64))
    world[0] = sensed.root
    contact = 1 / (1 + np.exp(-output.contact.astype(np.float64)))
    return Said(world[None], (sensed.heading @ output.velocity).astype(np.float64)[None], contact[None])


def _hold_pelvis(imu: ImuSequence) -> ImuSequence:
    """Fill the pelvis' orientation where it is absent with the last one known (the first one, before it)."""
    known = np.flatnonzero(imu.present[:, 5])
    last = known[np.clip(np.searchsorted(known, np.arange(len(imu)), side="right") - 1, 0, None)]
    orientation = imu.orientation.copy()
    orientation[:, 5] = imu.orientation[last, 5]
    return ImuSequence(orientation, imu.acceleration, imu.present, imu.t_ns)


def _mirrored_imu(imu: ImuSequence) -> ImuSequence:
    flip = np.array([1, 1, -1, -1], np.float32)
    return ImuSequence(
        imu.orientation[:, _MIRROR_SLOTS] * flip,
        imu.acceleration[:, _MIRROR_SLOTS] * np.array([-1, 1, 1], np.float32),
        imu.present[:, _MIRROR_SLOTS],
        imu.t_ns,
    )


def _mirrored(said: Said) -> Said:
    world = said.world[:, list(MIRROR)] * _REFLECTION
    return Said(world, said.velocity * [-1, 1, 1], said.contact[:, ::-1])


def _reversed_imu(imu: ImuSequence) -> ImuSequence:
    # an acceleration does not change when time runs backwards
    return ImuSequence(imu.orientation[::-1].copy(), imu.acceleration[::-1].copy(), imu.present[::-1].copy(), imu.t_ns)


def _reversed(said: Said) -> Said:
    return Said(said.world[::-1], -said.velocity[::-1], said.contact[::-1])


def _mean(said: Said, mirrored: Said, backward: Said) -> Said:
    """Rotations from all three; where the performer goes only from those that went forward in time, which on
    validation people drifts half as far."""
    world = nearest_rotation((said.world + mirrored.world + backward.world) / 3)
    world[:, 0] = said.world[:, 0]
    return Said(world, (said.velocity + mirrored.velocity) / 2, (said.contact + mirrored.contact) / 2)
