"""`mocamba evaluate`."""

from collections.abc import Sequence
from dataclasses import asdict
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ...inference.device_choice import Wish, choose_for_lifter, find_accelerators
from ...rig.errors import BadInputError
from ...rig.imu import CLEAN, WORN
from ..solving import DEFAULT_NETWORK, Mode
from .console import JsonFlag, progress_bar, report

if TYPE_CHECKING:
    from ...inference.evaluation import Evaluation
    from ...inference.weights_file import LoadedNetwork

HELP = """Measure a network on motion it should know nothing of.

Six sensors are simulated on every clip of a motion shard, solved as a user's would be, and compared with the motion.
Means over all frames: SIP and Ang in degrees, Pos in cm, jitter in m/s³, Dist the displacement error after 5 s
(or at the end of a shorter clip) in cm.
Toes, wrists and hands follow their parents in truth and estimate; the figures marked _all leave them as they are.

A network that needs a camera sees every clip through four virtual ones, 4 m away. Means over frames, joints and cameras
with the pelvis at zero: MPJPE, PA-MPJPE and N-MPJPE in mm, MPJVE in mm a frame, Accel in mm a squared frame.

With --h36m, a network that lifts keypoints is measured as its paper does: on Human3.6M's S9 and S11, from the file of
MotionBERT's preprocessing. A checkpoint of PoseMamba's authors can be given as it is. With --3dhp, the same on
MPI-INF-3DHP's test set (data_test_3dhp.npz): clips that follow each other, means by sequence of frames that count.

Examples:

  mocamba evaluate hiposer --motion uiprmd.npz --person uiprmd_s03

  mocamba evaluate hiposer-s --motion cmu.npz --sensors worn --json

  mocamba evaluate runs/vimcan.safetensors --motion cmu.npz --detector mediapipe-like

  mocamba evaluate PoseMamba_S.bin --h36m h36m_sh_conf_cam_source_final.pkl
"""


class Sensors(StrEnum):
    """`CLEAN` sensors have no errors; `WORN` ones slip, wobble, drift, hiss and drop out."""

    CLEAN = "clean"
    WORN = "worn"


class Detector(StrEnum):
    """Where keypoints come from."""

    PERFECT = "perfect"
    MEDIAPIPE_LIKE = "mediapipe-like"


def evaluate_command(
    network: Annotated[str, typer.Argument(help="hiposer, a network's name, or a weights file.")],
    motion: Annotated[Path | None, typer.Option(help="A motion shard (.npz).")] = None,
    h36m: Annotated[Path | None, typer.Option(metavar="PICKLE", help="Human3.6M, instead of a shard.")] = None,
    threedhp: Annotated[
        Path | None, typer.Option("--3dhp", metavar="NPZ", help="MPI-INF-3DHP's test set, instead of a shard.")
    ] = None,
    sensors: Annotated[Sensors, typer.Option(help="Which simulated sensors.")] = Sensors.CLEAN,
    mode: Annotated[Mode, typer.Option(help="live: frame by frame; offline: may look ahead.")] = Mode.LIVE,
    person: Annotated[list[str] | None, typer.Option(help="Only this person's clips; may be given again.")] = None,
    label: Annotated[str, typer.Option(help="Only clips with this in their label, e.g. walk.")] = "",
    detector: Annotated[Detector, typer.Option(help="Camera networks: whose keypoints.")] = Detector.PERFECT,
    window: Annotated[int, typer.Option(min=1, help="Camera networks: frames at once.")] = 81,
    device: Annotated[Wish, typer.Option(help="Camera networks: where they run.")] = Wish.AUTO,
    as_json: JsonFlag = False,
) -> None:
    """See HELP."""
    # torch comes with these
    from ...inference.evaluation import evaluate_shard
    from ...inference.networks.hiposer import HiPoser
    from ...inference.weights_file import load_weights

    if sum(source is not None for source in (motion, h36m, threedhp)) != 1:
        raise BadInputError("Name what to measure on: either --motion or --h36m or --3dhp.")
    if (published := h36m or threedhp) is not None:
        _evaluate_published(network, published, _placed(device), as_json)
        return
    assert motion is not None
    loaded = load_weights(DEFAULT_NETWORK if network == "hiposer" else network)
    if not isinstance(loaded.network, HiPoser):
        _evaluate_lifter(loaded, motion, detector, sensors, window, person or (), _placed(device), as_json)
        return
    with progress_bar(as_json) as progress:
        result = evaluate_shard(
            loaded.network,
            motion,
            WORN if sensors is Sensors.WORN else CLEAN,
            offline=mode is Mode.OFFLINE,
            people=person or (),
            label=label,
            progress=progress,
        )
    values = {
        "network": loaded.card.name,
        "weights": loaded.digest,
        "motion": str(motion),
        "sensors": sensors.value,
        "mode": mode.value,
        "look_ahead": 0 if mode is Mode.LIVE else None,
        **_figures(result),
    }
    report(values, [f"{loaded.card.name}, {sensors.value} sensors, {mode.value}", *_lines(result)], as_json)


def _placed(wish: Wish) -> str:
    return choose_for_lifter(wish, find_accelerators()).device


def _evaluate_published(network: str, path: Path, device: str, as_json: bool) -> None:
    from ...inference.datasets.threedhp import frames_of_3dhp
    from ...inference.h36m_evaluation import evaluate_h36m, read_h36m
    from ...inference.networks.mdtf import MDTF
    from ...inference.networks.posemamba import PoseMamba
    from ...inference.weights_file import load_weights

    published = Path(network).suffix.lower() in (".bin", ".pth", ".pt", ".tr")
    lifter = PoseMamba.from_checkpoint(Path(network)) if published else load_weights(network).network
    if not isinstance(lifter, PoseMamba | MDTF):
        raise BadInputError(
            f"{network}: a {type(lifter).__name__} is not measured on published frames; PoseMamba and MDTF are."
        )
    with progress_bar(as_json) as progress:
        progress(0.0, f"Reading {path.name}")
        frames = frames_of_3dhp(path) if path.suffix.lower() == ".npz" else read_h36m(path)
        found = evaluate_h36m(lifter.to(device), frames, progress=progress)
    values = {"network": network, "data": str(path), "window": lifter.config.frames, **asdict(found)}
    lines = [f"{name}: P1 {p1:.1f} mm, P2 {p2:.1f} mm" for name, (p1, p2) in found.by_action.items()]
    lines.append(
        f"P1 {found.P1:.1f} mm, P2 {found.P2:.1f} mm over {len(found.by_action)} actions, {found.frames} frames"
    )
    report(values, lines, as_json)


def _evaluate_lifter(
    loaded: "LoadedNetwork[Any]",
    motion: Path,
    detector: Detector,
    sensors: Sensors,
    window: int,
    people: Sequence[str],
    device: str,
    as_json: bool,
) -> None:
    from ...inference.detector import MEDIAPIPE_LIKE, PERFECT
    from ...inference.lifters import Lifter
    from ...inference.lifting_evaluation import evaluate_lifter
    from ...inference.networks.vimcan import Vimcan

    if not isinstance(loaded.network, Lifter):
        raise BadInputError(
            f"{loaded.card.name}: {type(loaded.network).__name__} cannot be evaluated from motion alone."
        )
    errors = PERFECT if detector is Detector.PERFECT else MEDIAPIPE_LIKE
    with progress_bar(as_json) as progress:
        result = evaluate_lifter(
            loaded.network.to(device),
            motion,
            errors,
            sensors=WORN if sensors is Sensors.WORN else CLEAN,
            frames=window,
            people=people,
            progress=progress,
        )
    values = {
        "network": loaded.card.name,
        "weights": loaded.digest,
        "motion": str(motion),
        "detector": detector.value,
        "sensors": sensors.value if isinstance(loaded.network, Vimcan) else None,
        "window": window,
        "look_ahead": loaded.network.look_ahead,
        "people": list(result.people),
        "clips": result.clips,
        "cameras": result.cameras,
        **asdict(result.errors),
    }
    found = result.errors
    lines = [
        f"{loaded.card.name}, {detector.value} keypoints, {result.clips} clips of {', '.join(result.people)}, "
        f"{result.cameras} cameras",
        f"MPJPE {found.MPJPE:.1f} mm  PA-MPJPE {found.PA_MPJPE:.1f} mm  N-MPJPE {found.N_MPJPE:.1f} mm",
        f"MPJVE {found.MPJVE:.2f} mm a frame  Accel {found.Accel:.2f} mm a squared frame",
    ]
    report(values, lines, as_json)


def _figures(result: "Evaluation") -> dict[str, Any]:
    travel = result.travel
    return {
        "people": list(result.people),
        "clips": result.clips,
        **asdict(result.pose),
        "Dist": travel.dist,
        "Dist_windows": travel.dist_windows,
        # nobody walked: no share of the way, and JSON knows no NaN
        "drift": travel.drift if travel.metres else None,
        "walked": travel.metres,
    }


def _lines(result: "Evaluation") -> list[str]:
    pose, travel = result.pose, result.travel
    drift = f", drift {travel.drift:.1f} % of {travel.metres:.0f} m walked" if travel.metres else ""
    return [
        f"{result.clips} clips of {', '.join(result.people)}",
        f"SIP {pose.SIP:.2f}°  Ang {pose.Ang:.2f}°  Pos {pose.Pos:.2f} cm"
        f"   (all joints as they are: {pose.SIP_all:.2f}°, {pose.Ang_all:.2f}°, {pose.Pos_all:.2f} cm)",
        f"jitter {pose.jitter:.0f} m/s³, the truth's own {pose.jitter_truth:.0f}",
        f"Dist {travel.dist:.1f} cm after 5 s or at a shorter clip's end ({travel.dist_windows} windows){drift}",
    ]
