"""From worn sensors and a camera together to motion: VIMCAN where the camera sees, HiPoser throughout."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from ..rig.contacts import standing
from ..rig.h36m import h36m_positions
from ..rig.imu import SLOTS, ImuSequence
from ..rig.kinematics import local_to_global
from ..rig.lifted.agree import Opinion
from ..rig.lifted.align import Misses, best_turn, heading_change, misses
from ..rig.lifted.even import EvenKeypoints
from ..rig.lifted.ground import Ground, grounded
from ..rig.lifted.jumps import without_jumps
from ..rig.lifted.place import bone_lengths
from ..rig.lifted.pose import pose_from_joints
from ..rig.lifted.standpoint import trust
from ..rig.motion import SOLVE_RATE, Motion, Origin
from ..rig.quaternion import Array, about_y, make_continuous, multiply, normalise, rotate
from ..rig.rotation import matrix_to_quaternion
from ..rig.skeleton import joint
from ..rig.smooth import gaussian
from .film_solver import FilmSolution, check_seen, settled_joints, walked
from .lift_track import lift_track, window_length
from .lifters import Lifter
from .lifting import SENSOR_JOINTS
from .networks.vimcan import Vimcan
from .weights_file import LoadedNetwork

Progress = Callable[[float, str], None]
FELT = 0.045  # metres: error an axis of a body solved from sensors alone; these three by benchmarks/fusion_voices.py
LIFTED = 0.07  # metres: of a network that lifts, with sensors
UNSEEN = 0.10  # metres more for a lifted joint that is hidden
ABSENT = 10.0  # metres: nobody in the picture, so the network's word counts nothing
BLEND = 0.15  # seconds in which one goes over to the other
PART = 5.0  # seconds of a recording that heading is told from at once
HOLD = 20.0  # m² a squared radian: as good as some ten frames of a moving body
TURNS = 3  # of finding the camera and leaving out joints that miss


@dataclass(frozen=True, eq=False)
class Standpoint:
    """`turn (3, 3)`: from the sensors' world, as it was on the whole, to the camera's frame; `heading (T,)`: by how
    much, radians about +Y, the sensors' world was off that; `miss`: metres (rms) by which joints missed their rays."""

    turn: Array
    heading: Array
    miss: float


def find_standpoint(felt: Array, even: EvenKeypoints) -> Standpoint:
    """Of joints `felt (T, 17, 3)` from the pelvis in the sensors' world. Raises BadInputError where little was seen."""
    sure, turn = even.sure, None
    for _ in range(TURNS):
        parts = _parts(felt, even, sure)
        total = _sum(parts)
        turn = best_turn(total, turn)
        sure = even.sure * trust(felt @ turn.T, even.rays, even.sure)
    assert turn is not None
    parts = _parts(felt, even, sure)
    smooth = _neighbours(parts)
    changes = np.array([heading_change(part, turn, HOLD) for part in smooth])
    middles = (np.arange(len(parts)) + 0.5) * PART * SOLVE_RATE
    miss = np.sqrt(_sum(parts).of(turn) / max(float(sure[even.present].sum(axis=1).mean()), 1e-9))
    return Standpoint(turn, np.interp(np.arange(len(felt)), middles, changes), float(miss))


def _parts(felt: Array, even: EvenKeypoints, sure: Array) -> list[Misses]:
    step = round(PART * SOLVE_RATE)
    cuts = [slice(begin, begin + step) for begin in range(0, len(felt), step)]
    return [misses(felt[cut], even.rays[cut], sure[cut]) for cut in cuts]


def _neighbours(parts: list[Misses]) -> list[Misses]:
    """Each with half of those before and after it."""
    count = len(parts)
    beside = [[parts[k].faded(0.5) for k in (i - 1, i + 1) if 0 <= k < count] for i in range(count)]
    return [_sum([part, *near]) for part, near in zip(parts, beside, strict=True)]


def _sum(parts: Sequence[Misses]) -> Misses:
    return sum(parts[1:], parts[0])


def solve_fused(
    imu: ImuSequence,
    felt: Motion,
    even: EvenKeypoints,
    loaded: LoadedNetwork[Lifter],
    progress: Progress = lambda share, doing: None,
) -> FilmSolution:
    """The motion behind sensors and keypoints on one axis of time, `imu.t_ns`; `felt` is HiPoser's of the sensors.

    A network that reads no sensors is given none; HiPoser's word counts all the same. The world is the sensors' as it
    was on the whole: the camera holds its heading.
    """
    check_seen(even)
    skeleton, joints = felt.skeleton, h36m_positions(felt).astype(np.float64)
    joints -= joints[:, :1]
    progress(0.0, "Finding the camera")
    stand = find_standpoint(joints, even)
    upright = about_y(stand.heading)
    worn, known = worn_bones(imu, local_to_global(felt.rotations.astype(np.float64)), upright)
    to_camera = matrix_to_quaternion(stand.turn)
    said = lift_track(
        loaded.network,
        even.rays,
        np.where(known[..., None], multiply(to_camera, worn), 0),
        frames=window_length(loaded),
        up=stand.turn[:, 1],
        progress=lambda share, doing: progress(0.05 + 0.8 * share, doing),
    )
    progress(0.85, "Joining both")
    opinions = [
        _lifted(said, joints, even),
        Opinion(_turned(joints, upright) @ stand.turn.T, np.full((len(said), 17), FELT)),
    ]
    opinions = opinions if isinstance(loaded.network, Vimcan) else opinions[1:]
    agreed = settled_joints(opinions, even, bone_lengths(skeleton))
    ground = grounded(agreed, even.present, stand.turn.T, skeleton)
    motion = _posed(agreed, even, ground, felt, worn, upright)
    motion = replace(motion, origin=Origin(f"{loaded.card.name} + {felt.origin.network}", loaded.digest))
    return FilmSolution(motion, ground, said, agreed)


def _lifted(said: Array, felt: Array, even: EvenKeypoints) -> Opinion:
    """As large as the felt body; less trusted where joints are hidden, not at all where nobody is."""
    there = even.present[:, None, None]
    size = np.sqrt(((felt**2) * there).sum() / max(((said**2) * there).sum(), 1e-9))
    frames = BLEND * SOLVE_RATE
    seen = gaussian((even.sure > 0.3).astype(np.float64), frames)
    gone = gaussian((~even.present).astype(np.float64)[:, None], frames)
    return Opinion(said * size, LIFTED + UNSEEN * (1 - seen) + ABSENT * gone**2)


def _turned(joints: Array, upright: Array) -> Array:
    """Joints `(T, 17, 3)` turned by quaternions `(T, 4)`."""
    return rotate(upright[:, None], joints)


def worn_bones(imu: ImuSequence, felt: Array, upright: Array) -> tuple[Array, NDArray[np.bool_]]:
    """World orientation `(T, 8, 4)` of the bones of `SENSOR_JOINTS`, and which of them are known. What no sensor
    measures but HiPoser can tell, the sternum's, is HiPoser's, whose world orientations are `felt (T, 24, 4)`; upper
    arms are nobody's."""
    worn = felt[:, list(SENSOR_JOINTS.values())]
    known = np.zeros(worn.shape[:2], bool)
    for k, slot in enumerate(SENSOR_JOINTS):
        if slot in SLOTS:
            row = SLOTS.index(slot)
            present = imu.present[:, row]
            worn[present, k] = normalise(imu.orientation[present, row].astype(np.float64))
            known[:, k] = True
    known[:, list(SENSOR_JOINTS).index("sternum")] = True
    return multiply(upright[:, None], worn), known


def _posed(agreed: Array, even: EvenKeypoints, ground: Ground, felt: Motion, worn: Array, upright: Array) -> Motion:
    """Rotations from the joints, twists from the sensors, the path from both."""
    names = list(SENSOR_JOINTS)
    sensors = {name: worn[:, k] for k, name in enumerate(names) if name in SLOTS}
    head = local_to_global(felt.rotations.astype(np.float64))[:, joint("head")]
    sensors["head"] = multiply(upright, head)
    world = ground.to_world(agreed)
    motion = without_jumps(pose_from_joints(world, world[:, 0], felt.skeleton, sensors))
    steps = np.diff(_turned(felt.translation.astype(np.float64)[:, None], upright)[:, 0], axis=0)
    start = world[0, 0]
    carried = np.concatenate([start[None], start + np.cumsum(steps, axis=0)])
    contact = felt.contact if felt.contact is not None else np.zeros((len(felt), 2), np.float32)
    motion = replace(
        motion, rotations=make_continuous(motion.rotations), t_ns=even.t_ns, confidence=felt.confidence, contact=contact
    )
    return walked(motion, standing(contact, SOLVE_RATE), even, ground, carried)
