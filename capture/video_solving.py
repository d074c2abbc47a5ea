"""From a video, or a take with a camera, to the motion in it, by a lifting network."""

from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from ..devices.keypoints.detectors import check_detector, open_detector
from ..devices.keypoints.track import KeypointTrack, load_track
from ..devices.keypoints.video import track_video
from ..inference.device_choice import Wish, choose_for_lifter, find_accelerators
from ..inference.shipped import shipped_networks
from ..rig.errors import BadInputError, FileFormatError
from ..rig.h36m import JOINTS
from ..rig.imu import ImuSequence
from ..rig.lens import ASSUMED_FIELD, Lens, lens_of_field, read_lens
from ..rig.lifted.even import EvenKeypoints, even_axis, even_keypoints
from ..rig.motion import Motion
from ..rig.polish import Polish
from ..rig.progress import Progress, within
from ..rig.whole_file import check_suffix, refuse_existing
from .camera_moves import moves_in_words
from .film import FILM
from .importing import DEFAULT_HEIGHT, check_height
from .manifest import Manifest
from .overlay import overlay_video
from .refused_video import forget_joints, keep_joints, kept_joints
from .solving import DEFAULT_NETWORK, Mode
from .take import KEYPOINTS, LENS, MANIFEST, Take, check_take_place, new_take, open_take
from .take_camera import film_track, has_camera, live_track
from .video_start import check_start, track_lag, video_lag

if TYPE_CHECKING:
    from ..inference.film_solver import FilmSolution
    from ..inference.weights_file import LoadedNetwork

FILM_NETWORK = "posemamba-s"
FUSION_NETWORKS = ("vimcan-t", "vimcan-t-causal")  # the first that is there: Blender's add-on carries the second alone
STANDING = Polish(floor=True, feet=True, contacts="motion")
TELLING = 8_000_000  # ns of a lag that are told: half a frame
HALF = 0.5  # of the time: joints hidden longer are named
FOUND = 0.6  # share of the work that finding keypoints is


@dataclass(frozen=True)
class FilmOptions:
    """`height` of the performer, metres; `fov` of the camera, degrees along its picture's longer side, or a
    `camera_file` that a calibration wrote. What is None is assumed, and said to be. `start`: seconds of the take, to
    about half a second, at which a video that is added began; None finds it. `device` of the network."""

    network: str = FILM_NETWORK
    height: float | None = None
    fov: float | None = None
    camera_file: Path | None = None
    detector: str = "mediapipe"
    performer: str = "performer"
    polish: Polish = STANDING
    force: bool = False
    start: float | None = None
    device: Wish = Wish.AUTO


@dataclass(frozen=True, eq=False)
class Film:
    """A solved film. `file` holds the `motion`; `joints (T, 17, 2)` are the solved joints in pixels at each picture of
    `track`; `off` the median distance to what was seen, pixels; `notes` what was assumed or went wrong."""

    take: Take
    file: Path
    motion: Motion
    track: KeypointTrack
    lens: Lens
    joints: NDArray[np.float32]
    off: float
    notes: tuple[str, ...]


def usual_network(take: Take) -> str:
    """For what is in it: sensors, a camera, or both."""
    if not has_camera(take):
        return DEFAULT_NETWORK
    return FILM_NETWORK if take.manifest.calibration is None else fusion_network()


def fusion_network() -> str:
    """The usual one for sensors and a camera."""
    there = shipped_networks()
    return next((name for name in FUSION_NETWORKS if name in there), FUSION_NETWORKS[0])


def take_of(video: Path) -> Path:
    """Where the take of a video is made unless told otherwise: beside it."""
    return video.with_suffix(".take")


def solve_video(video: Path, take_path: Path, options: FilmOptions, progress: Progress) -> Film:
    """A new take with the keypoints of `video` and a solve of them; `take_path` is there whole or not at all."""
    check_take_place(take_path, force=options.force)
    check_height(options.height)
    check_detector(options.detector)
    check_lens(options)
    loaded = _network(options)
    track = find_keypoints(video, options.detector, within(progress, 0.0, FOUND))
    with new_take(take_path, force=options.force) as part:
        part.mkdir(parents=True)
        lens = lens_for(track, options)
        track.save(part / KEYPOINTS)
        lens.write(part / LENS)
        manifest = Manifest(options.performer, options.height or DEFAULT_HEIGHT, "video", video.name)
        manifest.write(part / MANIFEST)
        film = _solved(open_take(part), track, lens, options, loaded, within(progress, FOUND, 1.0))
    return replace(film, take=open_take(take_path), file=take_path / film.file.relative_to(part))


def solve_filmed(take: Take, options: FilmOptions, progress: Progress) -> Film:
    """A solve of a take that was made of a video, or recorded with a camera. Raises FileFormatError for another."""
    loaded = _network(options)
    track = track_of_take(take, options.detector, within(progress, 0.0, FOUND))
    told = options.fov is not None or options.camera_file is not None
    lens = lens_for(track, options) if told or not (take.path / LENS).exists() else read_lens(take.path / LENS)
    options = replace(options, height=options.height or take.manifest.height)

    film = (_fused if take.manifest.calibration else _solved)(
        take, track, lens, options, loaded, within(progress, FOUND, 1.0)
    )
    lens.write(take.path / LENS)
    return film


def add_video(take: Take, video: Path, options: FilmOptions, progress: Progress) -> float:
    """Put the keypoints of `video` into a take of sensors, on their clock, which is found by comparing movements.

    Keypoints that are there are replaced only with `force`; those of a video that is refused are kept for another try.
    Returns the second of the take at which the video began. Raises BadInputError where the movements differ, or fit at
    several moments.
    """
    refuse_existing(take.path / KEYPOINTS, force=options.force)
    imu, _ = take.imu()
    check_start(options.start, imu.t_ns)
    track = kept_joints(take.path, video, options.detector)
    if track is None:
        track = find_keypoints(video, options.detector, within(progress, 0.0, 0.8))
    lens = lens_for(track, options)
    progress(0.8, "Comparing movements")
    felt = _felt(take, imu, within(progress, 0.8, 0.95))
    try:
        lag = video_lag(imu, felt, track, lens, options.start)
    except BadInputError:
        keep_joints(take.path, video, options.detector, track)
        raise
    lens.write(take.path / LENS)
    track.retimed(track.t_ns + lag).save(take.path / KEYPOINTS)
    forget_joints(take.path)
    return float(track.t_ns[0] + lag - imu.t_ns[0]) / 1e9


def track_of_take(take: Take, detector: str, progress: Progress) -> KeypointTrack:
    """Of the video it was made of, or that was added; else found in its own film; else as found while recording."""
    if (take.path / KEYPOINTS).is_file():
        return load_track(take.path / KEYPOINTS)
    if not has_camera(take):
        raise FileFormatError(take.path, "has no camera.", "Add a video to it with --video, or record with --camera.")
    return film_track(take, detector, progress) if (take.path / FILM).exists() else live_track(take)


def find_keypoints(video: Path, detector: str, progress: Progress) -> KeypointTrack:
    """One person's joints in every picture. Raises BadInputError for what is no video and where nobody is seen."""
    finder = open_detector(detector)
    try:
        return track_video(video, finder, progress)
    finally:
        finder.close()


def check_lens(options: FilmOptions) -> None:
    """Raises BadInputError for a field of view or camera file of no camera."""
    if options.camera_file is not None:
        read_lens(options.camera_file)
    elif options.fov is not None:
        lens_of_field(1, 1, options.fov)


def _network(options: FilmOptions) -> "LoadedNetwork[Any]":
    """Before anything else is done: a wrong name need not wait for it."""
    # torch comes with it: only here, where it is needed
    from ..inference.film_solver import load_lifter

    return load_lifter(options.network, choose_for_lifter(options.device, find_accelerators()).device)


def lens_for(track: KeypointTrack, options: FilmOptions) -> Lens:
    """As told, or assumed."""
    if options.camera_file is not None:
        return read_lens(options.camera_file).of_size(track.width, track.height)
    if options.fov is not None:
        return lens_of_field(track.width, track.height, options.fov)
    return lens_of_field(track.width, track.height, ASSUMED_FIELD, f"assumed, {ASSUMED_FIELD:g}°")


def even_track(track: KeypointTrack, lens: Lens, axis: NDArray[np.int64] | None = None) -> EvenKeypoints:
    """At 60 Hz, as directions from the camera."""
    if len(track) < 2:
        raise BadInputError("The video has a single picture; motion needs more.")
    return even_keypoints(
        track.t_ns, lens.rays(track.points), track.confidence, even_axis(track.t_ns) if axis is None else axis
    )


def _solved(
    take: Take,
    track: KeypointTrack,
    lens: Lens,
    options: FilmOptions,
    loaded: "LoadedNetwork[Any]",
    progress: Progress,
) -> Film:
    from ..inference.film_solver import solve_film

    even = even_track(track, lens)
    solution = solve_film(even, loaded, height=options.height, progress=progress)
    return _kept(take, solution, even, track, lens, options)


def _kept(
    take: Take,
    solution: "FilmSolution",
    even: EvenKeypoints,
    track: KeypointTrack,
    lens: Lens,
    options: FilmOptions,
) -> Film:
    """Written into the take."""
    from ..inference.film_solver import reprojection_error

    worn = take.manifest.calibration is not None
    off = reprojection_error(solution, even, lens.focal[0])
    file = take.save_solved(solution.motion, options.network, options.polish)
    return Film(
        take,
        file,
        take.load_solved(options.network),
        track,
        lens,
        joints_in_picture(solution, track, lens),
        float(np.nanmedian(off)),
        (
            *track.warnings,
            *moves_in_words(track.moves, int(track.t_ns[0]), worn=worn),
            *notes_about(even, lens, options, worn=worn),
        ),
    )


def _fused(
    take: Take,
    track: KeypointTrack,
    lens: Lens,
    options: FilmOptions,
    loaded: "LoadedNetwork[Any]",
    progress: Progress,
) -> Film:
    imu, warnings = take.imu()
    felt = _felt(take, imu, within(progress, 0.0, 0.3))
    from ..inference.fusion_parts import solve_fused_apart

    notes = list(warnings)
    try:
        lag = track_lag(imu, felt, track, lens, about=0)
        if abs(lag) > TELLING:
            notes.append(f"The camera's clock was {-lag / 1e6:+.0f} ms against the sensors'; put right.")
    except BadInputError:
        lag = 0
        notes.append(
            "There is too little movement to tell whether camera and sensors are on time; they are taken to be."
        )
    late = track.retimed(track.t_ns + lag)
    even = even_track(late, lens, imu.t_ns)
    moved = [(move.begin_ns, move.end_ns) for move in late.moves]
    solution = solve_fused_apart(imu, felt, even, loaded, moved, within(progress, 0.3, 1.0))
    film = _kept(take, solution, even, late, lens, options)
    return replace(film, track=track, notes=(*notes, *film.notes))


def _felt(take: Take, imu: ImuSequence, progress: Progress) -> Motion:
    """The motion in the sensors by themselves."""
    from ..inference.solver import solve

    return solve(imu, network=DEFAULT_NETWORK, mode=Mode.OFFLINE.value, skeleton=take.skeleton, progress=progress)


def joints_in_picture(solution: "FilmSolution", track: KeypointTrack, lens: Lens) -> NDArray[np.float32]:
    """The solved joints in pixels `(N, 17, 2)` at the times of the track's pictures; NaN where the pose is a guess."""
    motion = solution.motion
    nearest = np.clip(np.searchsorted(motion.t_ns, track.t_ns), 0, len(motion) - 1)
    seen = solution.joints_in_camera()[nearest]
    pixels = lens.project(seen)
    known = (motion.confidence[nearest] > 0) & (seen[..., 2] > 0).all(axis=1)
    return np.where(known[:, None, None], pixels, np.nan).astype(np.float32)


def notes_about(even: EvenKeypoints, lens: Lens, options: FilmOptions, *, worn: bool) -> list[str]:
    """What the user should know."""
    notes = []
    if options.fov is None and options.camera_file is None and lens.source.startswith("assumed"):
        notes.append(
            f"The camera's field of view is not known; {lens.field:.0f}° along the longer side is assumed. Distances "
            f"may be off: give --fov, or a --camera-file from 'mocamba camera'."
        )
    if options.height is None:
        notes.append("The performer's height is not known; give --height for true sizes.")
    gone = float(1 - even.present.mean())
    if gone > 0:
        instead = "the sensors alone tell the pose" if worn else "the pose waits"
        notes.append(f"Nobody is in the picture for {100 * gone:.0f} % of the time: {instead} there.")
    hidden = 1 - (even.sure[even.present] > 0).mean(axis=0)
    if hidden.max() > HALF:
        names = ", ".join(name.replace("_", " ") for name, share in zip(JOINTS, hidden, strict=True) if share > HALF)
        notes.append(f"Hidden for most of the time, so guessed: {names}.")
    return notes


def check_overlay(overlay: Path, source: Path, video: Path | None, *, force: bool) -> None:
    """Refuse, before the work, an overlay that could not be drawn after it."""
    check_suffix(overlay, ".mp4")
    refuse_existing(overlay, force=force)
    if source.is_dir() and video is None:
        raise BadInputError("--overlay draws on a video, and none is named. Give the take's with --video.")


def draw_overlay(film: Film, video: Path, overlay: Path, progress: Progress, *, force: bool) -> None:
    """The video with what was seen, and thin on it what was solved."""
    overlay_video(video, film.track, film.joints, out=overlay, force=force, progress=progress)
