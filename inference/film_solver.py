"""From keypoints of a camera to motion, by a lifting network."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..rig.contacts import estimate_contact, standing
from ..rig.errors import BadInputError
from ..rig.h36m import h36m_positions
from ..rig.lifted.absence import bridge_absences
from ..rig.lifted.agree import Opinion, agreed_joints, mean_opinion
from ..rig.lifted.align import misses, small_turn
from ..rig.lifted.bones import performer_of
from ..rig.lifted.even import EvenKeypoints
from ..rig.lifted.ground import Ground, find_up, ground_of
from ..rig.lifted.jumps import without_jumps
from ..rig.lifted.path import STEP, felt_errors, fused_path, planted_steps
from ..rig.lifted.place import bone_lengths, in_metres, place_pelvis
from ..rig.lifted.pose import pose_from_joints
from ..rig.motion import SOLVE_RATE, Motion, Origin
from ..rig.quaternion import Array, make_continuous
from ..rig.skeleton import SMPL24, Skeleton
from ..rig.smooth import gaussian
from .aiming import LEVEL
from .lift_track import gives_metres, lift_track, window_length
from .lifters import Lifter
from .networks.mdtf import MDTF
from .networks.posemamba import PoseMamba
from .networks.vimcan import Vimcan
from .weights_file import LoadedNetwork, load_weights

Progress = Callable[[float, str], None]
LIFTED = 0.06  # metres: a lifting network's error an axis
TILT = 0.5  # m² a squared radian and frame: how much a network's word about the camera's tilt is worth
STEADY = 0.04  # seconds of smoothing of the joints, which delays nothing
SHORTEST = 3  # frames
ASKEW = float(np.sin(np.radians(5.0)))  # of a camera turned about its line of sight, that is told from a level one


@dataclass(frozen=True, eq=False)
class FilmSolution:
    """`motion` in the world, and how the camera stands in it; `lifted` and `agreed (T, 17, 3)`, joints in the camera's
    frame as the network said and after picture and bones were heard; metres. `parts`: one after the other, where the
    camera was moved between them; `ground` is the first one's then."""

    motion: Motion
    ground: Ground
    lifted: Array
    agreed: Array
    parts: tuple["FilmSolution", ...] = ()

    def joints_in_camera(self) -> Array:
        """The 17 joints `(T, 17, 3)` of the motion as the camera sees them."""
        if self.parts:
            return np.concatenate([part.joints_in_camera() for part in self.parts])
        return self.ground.to_camera(h36m_positions(self.motion).astype(np.float64))


def load_lifter(name: str, device: str = "cpu") -> LoadedNetwork[Lifter]:
    """As `load_weights`; raises BadInputError for a network that reads no keypoints, or needs pictures too."""
    loaded = load_weights(name)
    if not isinstance(loaded.network, Vimcan | PoseMamba | MDTF):
        kind = type(loaded.network).__name__
        raise BadInputError(
            f"{kind} ({name}) does not solve videos. Choose one that reads a camera: 'mocamba networks' lists them."
        )
    return LoadedNetwork(loaded.network.to(device), loaded.card, loaded.digest)


def solve_film(
    even: EvenKeypoints,
    loaded: LoadedNetwork[Lifter],
    *,
    height: float | None = None,
    progress: Progress = lambda share, doing: None,
) -> FilmSolution:
    """The motion behind keypoints of one camera that stands still.

    `height` of the performer, metres; without it PoseMamba and MDTF, which know no sizes, take them for as tall as the
    default performer. Raises BadInputError where too little was seen.
    """
    check_seen(even)
    seen = _looked_at(even, loaded, LEVEL, height, lambda s, doing: progress(0.4 * s, doing))
    if abs(seen.up[0]) > ASKEW:  # networks have seen none but level cameras
        seen = _looked_at(even, loaded, seen.up, height, lambda s, doing: progress(0.4 + 0.4 * s, doing))
    ground = ground_of(seen.agreed, even.present, seen.up, seen.skeleton)
    progress(0.9, "Posing")
    motion = posed(seen.agreed, even, ground, seen.skeleton)
    motion = replace(motion, origin=Origin(f"{loaded.card.name} video", loaded.digest))
    return FilmSolution(motion, ground, seen.lifted, seen.agreed)


@dataclass(frozen=True, eq=False)
class _Look:
    """What comes of a camera whose up is taken to be known; `up` as it is found then."""

    lifted: Array
    agreed: Array
    up: Array
    skeleton: Skeleton


def _looked_at(
    even: EvenKeypoints, loaded: LoadedNetwork[Lifter], up: Array, height: float | None, progress: Progress
) -> _Look:
    said = lift_track(loaded.network, even.rays, frames=window_length(loaded), up=up, progress=progress)
    lifted, skeleton = sized(said, even, gives_metres(loaded.network), height)
    opinions = [Opinion(lifted, np.full(even.sure.shape, LIFTED))]
    agreed = settled_joints(opinions, even, bone_lengths(skeleton))
    return _Look(lifted, agreed, find_up(agreed, even.present), skeleton)


def check_seen(even: EvenKeypoints) -> None:
    """Raises BadInputError for a film without a performer."""
    if even.present.sum() < SHORTEST:
        raise BadInputError(
            "Nobody was seen for long enough to solve anything. Show one person, as whole as may be, in good light."
        )


def sized(said: Array, even: EvenKeypoints, metres: bool, height: float | None) -> tuple[Array, Skeleton]:
    """Joints in metres, upright as the picture has them, and the performer's skeleton: once for the whole take."""
    rows = np.flatnonzero(even.present)
    default = SMPL24 if height is None else SMPL24.scaled_to(height)
    joints = said if metres else in_metres(said, default, even.sure)
    # networks have seen few cameras that look down steeply; nearer ends of a body are larger in the picture
    joints = joints @ small_turn(misses(joints, even.rays, even.sure), TILT).T
    skeleton = performer_of(joints[rows], default)
    if height is not None or not metres:
        factor = default.height / skeleton.height
        joints, skeleton = joints * factor, skeleton.scaled_to(default.height)
    return joints, skeleton


def settled_joints(opinions: list[Opinion], even: EvenKeypoints, lengths: Array) -> Array:
    """Joints `(T, 17, 3)` in the camera's frame on which networks, picture and bones agree, steadied."""
    place = place_pelvis(mean_opinion(opinions), even.rays, even.sure)
    agreed = agreed_joints(opinions, place, even.rays, even.sure, lengths)
    return gaussian(agreed, STEADY * SOLVE_RATE, onward=True)


def posed(agreed: Array, even: EvenKeypoints, ground: Ground, skeleton: Skeleton) -> Motion:
    """The motion of joints in the camera's frame; feet that stand carry the pelvis, the camera says where it is."""
    world = ground.to_world(agreed)
    motion = without_jumps(_on_axis(pose_from_joints(world, world[:, 0], skeleton), even))
    motion = walked(motion, standing(estimate_contact(motion), SOLVE_RATE), even, ground)
    return bridge_absences(motion, even.present)


def walked(
    motion: Motion,
    stands: NDArray[np.bool_],
    even: EvenKeypoints,
    ground: Ground,
    carried: Array | None = None,
) -> Motion:
    """`motion` whose pelvis is moved by standing feet from frame to frame, and is where it was seen on the whole.

    `carried (T, 3)`: a path whose steps count where no foot stands; without it those that were seen do.
    """
    own = motion.translation.astype(np.float64) if carried is None else carried
    steps = planted_steps(motion, stands, own) @ ground.turn
    seen, trust = ground.to_camera(motion.translation.astype(np.float64)), even.sure[:, (0, 1, 4, 7, 8)].mean(axis=1)
    step = STEP if carried is None else felt_errors(seen, trust, steps)
    path = ground.to_world(fused_path(seen, trust, steps, step=step))
    return replace(motion, translation=path.astype(np.float32))


def _on_axis(motion: Motion, even: EvenKeypoints) -> Motion:
    sure = even.sure.mean(axis=1).astype(np.float32)
    return replace(motion, rotations=make_continuous(motion.rotations), t_ns=even.t_ns, confidence=sure)


def reprojection_error(solution: FilmSolution, even: EvenKeypoints, pixels: float) -> Array:
    """Distances `(T, 17)` in the picture between what was seen and the solved joints, NaN where nothing was; `pixels`
    are the lens' focal length."""
    seen = solution.joints_in_camera()
    off = np.linalg.norm(seen[..., :2] / seen[..., 2:] - even.rays, axis=-1) * pixels
    result: Any = np.where(even.sure > 0, off, np.nan)
    return np.asarray(result)
