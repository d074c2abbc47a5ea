"""Does every network learn ten clips by heart, and is a mirrored performer solved in the mirror?

    python benchmarks/overfit.py DATA [NAME …] [--steps 1500] [--device cuda] [--out docs/networks]

DATA holds the motion shards. Ten clips of the motion as it was recorded, and their mirror images, are learnt together.
Prints and writes, for each network, the mean joint error on them before and after, and how far the answer to a mirrored
input is from the mirrored answer: near zero only where joints, groups and scans are wired as meant. overfit.json and
overfit.png (error over steps). Without names, all networks.
"""

import argparse
import json
import math
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import torch
from mocamba.inference.cuda_graph import recorded
from mocamba.inference.features import sensor_features
from mocamba.inference.lifters import answer
from mocamba.inference.lifting import LiftingClips, mirror_points, mirrored
from mocamba.inference.losses import TERMS, lifting_losses
from mocamba.inference.networks import hmrmamba, mdtf, posemamba, vimcan
from mocamba.inference.networks.hiposer import SEQ_S, HiPoser, HiPoserConfig
from mocamba.inference.random_source import RandomSource
from mocamba.inference.rotations import joint_positions
from mocamba.inference.shards import Clip
from mocamba.inference.training.bank import build_bank
from mocamba.inference.training.hiposer import TrainingConfig, losses, make_targets
from mocamba.inference.training.hmrmamba import mesh_terms
from mocamba.inference.training.lifting import PLAIN, draw_clips, make_lifter
from mocamba.inference.training.scenes import Filming, build_studio, film
from mocamba.inference.training.split import read_clips, split_clips
from mocamba.inference.training.windows import draw_windows
from mocamba.inference.training.worn import WornWindows, wear_sensors
from mocamba.inference.virtual_sensors import Readings
from mocamba.rig.body import load_body
from mocamba.rig.imu import CLEAN
from mocamba.rig.skeleton import MIRROR
from mocamba.rig.topology import free_topology
from mocamba.rig.whole_file import whole_file
from mocamba.tools.small_png import shrink
from rich.console import Console
from rich.progress import Progress
from rich.table import Table
from torch import Tensor, nn

CLIPS, FRAMES = 10, 27


class Case(NamedTuple):
    """A network and its ten clips beside their mirror images, twenty sequences in all.

    `loss()` of all of them; `error()` in mm; `asymmetry()`: answer to the mirrored against the answer mirrored, mm.
    """

    network: nn.Module
    loss: Callable[[], Tensor]
    error: Callable[[], float]
    asymmetry: Callable[[], float]
    captured: bool = False  # whether a step can be one CUDA graph


def lifting_case(config: Any, bank: Any, device: torch.device) -> Case:
    """PoseMamba, MDTF and VIMCAN: MPJPE in mm."""
    random = RandomSource(torch.Generator(device).manual_seed(5))
    seen = draw_clips(bank, CLIPS, FRAMES, PLAIN, random)
    clips = LiftingClips(*(torch.cat(pair) for pair in zip(seen, mirrored(seen), strict=True)))
    network = make_lifter(replace(config, drop_path=0.0)).to(device)

    def loss() -> Tensor:
        said = answer(network, clips)
        return torch.stack(list(lifting_losses(said.estimate, said.truth, TERMS[:3]).values())).sum()

    def asymmetry() -> float:
        said = answer(network, clips)
        metres = said.estimate / said.metre[..., None, None]
        return distance(metres[CLIPS:], mirror_points(metres[:CLIPS]))

    return Case(network, loss, lambda: 1000 * float(answer(network, clips).errors().mean()), asymmetry, captured=True)


def hiposer_case(config: HiPoserConfig, bank: Any, device: torch.device) -> Case:
    """HiPoser: mean distance of the 24 joints with the pelvis at zero, mm."""
    random = RandomSource(torch.Generator(device).manual_seed(5))
    drawn = draw_windows(bank, CLIPS, FRAMES, PLAIN, random)
    seen = wear_sensors(drawn, CLEAN, 1.0, random)
    worn = both(seen, worn_mirrored(seen))
    offsets = torch.cat([drawn.offsets, drawn.offsets[:, list(MIRROR)] * drawn.offsets.new_tensor([-1, 1, 1])])
    frames = sensor_features(*worn.readings)
    targets = make_targets(worn, frames.frame, frames.heading)
    network = HiPoser(replace(config, dropout=0.0)).to(device)
    training = TrainingConfig(network=network.config)

    def positions() -> Tensor:
        """Relative to the pelvis, in the world's directions."""
        turned = frames.frame[:, :, None] @ network(frames.features)[0].rotations
        return joint_positions(turned, offsets)

    def loss() -> Tensor:
        output, _ = network(frames.features)
        return torch.stack(list(losses(output, targets, offsets, training).values())).sum()

    def error() -> float:
        return distance(positions(), joint_positions(frames.frame[:, :, None] @ targets.rotations, offsets))

    def asymmetry() -> float:
        said = positions()
        there = said[:CLIPS][:, :, list(MIRROR)] * said.new_tensor([-1, 1, 1])
        return distance(said[CLIPS:], there)

    return Case(network, loss, error, asymmetry)


def worn_mirrored(worn: WornWindows) -> WornWindows:
    """The same performer and sensors in a mirror: left and right exchanged, x negated."""
    orientation, acceleration, present = worn.readings
    axes = acceleration.new_tensor([-1, 1, 1])
    slots, joints = [1, 0, 3, 2, 4, 5], list(MIRROR)
    return WornWindows(
        Readings(
            axes[:, None] * orientation[:, :, slots] * axes, acceleration[:, :, slots] * axes, present[:, :, slots]
        ),
        axes[:, None] * worn.global_rotations[:, :, joints] * axes,
        worn.positions[:, :, joints] * axes,
    )


def both(a: WornWindows, b: WornWindows) -> WornWindows:
    """One batch of two."""
    readings = Readings(*(torch.cat(pair) for pair in zip(a.readings, b.readings, strict=True)))
    return WornWindows(
        readings, torch.cat([a.global_rotations, b.global_rotations]), torch.cat([a.positions, b.positions])
    )


def hmrmamba_case(config: hmrmamba.HMRMambaConfig, clips: Sequence[Clip], device: torch.device) -> Case:
    """HMRMamba on ten scenes of the free body: MPVPE of the middle frame, mm. A mirrored picture has other features."""
    topology = free_topology()
    studio = build_studio(clips, load_body(), 0).to(device)
    random = RandomSource(torch.Generator(device).manual_seed(5))
    scenes = film(studio, CLIPS, Filming(noise=0.0), random)
    network = hmrmamba.HMRMamba(hmrmamba.on_body(config, topology), topology).to(device)
    faces = torch.from_numpy(topology.faces).to(device)

    def loss() -> Tensor:
        output = network(scenes.keypoints, scenes.features)
        return torch.stack(list(mesh_terms(output, scenes, studio.regressor, faces, edges=False).values())).sum()

    def error() -> float:
        return distance(network(scenes.keypoints, scenes.features).vertices, scenes.vertices)

    return Case(network, loss, error, lambda: math.nan)


def distance(a: Tensor, b: Tensor) -> float:
    """Mean distance of points, metres to mm."""
    return 1000 * float((a - b).norm(dim=-1).mean())


def cases(clips: Sequence[Clip], device: torch.device) -> dict[str, Callable[[], Case]]:
    """Every network by name."""
    bank = build_bank(clips, 0, passes=1).to(device)
    vimcans = {
        **vimcan.VARIANTS,
        "t, 8 sensors": replace(vimcan.VARIANTS["t"], sensors=8),
        "t, 3 groups": replace(vimcan.VARIANTS["t"], groups=3),
        "t, 0 groups": replace(vimcan.VARIANTS["t"], groups=0),
        "t, no skeleton": replace(vimcan.VARIANTS["t"], skeleton=False),
        "t, self-attention": replace(vimcan.VARIANTS["t"], fusion="self-attention"),
        "t, Cross-Mamba": replace(vimcan.VARIANTS["t"], fusion="cross-mamba"),
    }
    small = posemamba.VARIANTS["s"]
    scans = ("bidirectional", "fs-ft", "fs-bt", "bs-ft", "bs-bt")
    posemambas = {
        **posemamba.VARIANTS,
        **{f"s, {scan}": replace(small, scan=scan) for scan in scans},
        "s, published gradient": replace(small, local_grad=False),
    }
    large = HiPoserConfig(blocks=2, residual=True, sensor_skip=True)
    hiposers = {
        "d": large,
        "s": replace(large, order=SEQ_S),
        "d, paper's size": HiPoserConfig(sensor_skip=True),
        "d, no hierarchy": replace(large, hierarchy=False),
        "d, no parts": replace(large, parts=False),
        "d, baseline": replace(large, hierarchy=False, parts=False),
        "d, LSTM": replace(large, backbone="lstm"),
        "d, Bi-LSTM": replace(large, backbone="bilstm"),
        "d, Transformer": replace(large, backbone="transformer"),
        "d, no states": replace(large, states="none"),
    }
    lifters = {"VIMCAN": vimcans, "PoseMamba": posemambas, "MDTF": mdtf.VARIANTS}
    found: dict[str, Callable[[], Case]] = {
        f"{network} {name}": partial(lifting_case, config, bank, device)
        for network, configs in lifters.items()
        for name, config in configs.items()
    }
    found |= {f"HiPoser {name}": partial(hiposer_case, config, bank, device) for name, config in hiposers.items()}
    meshes = {name: replace(config, drop_path=0.0) for name, config in hmrmamba.VARIANTS.items()}
    return found | {
        f"HMRMamba {name}": partial(hmrmamba_case, config, clips, device) for name, config in meshes.items()
    }


def learn(case: Case, steps: int, rate: float, tick: Callable[[], None]) -> dict[str, Any]:
    """AdamW without decay, a short warm-up and a cosine to zero."""
    device = next(case.network.parameters()).device
    speed = torch.tensor(rate, device=device)
    optimiser = torch.optim.AdamW(
        [p for p in case.network.parameters() if p.requires_grad],
        lr=speed,
        weight_decay=0.0,
        capturable=device.type == "cuda",
    )

    def step() -> None:
        optimiser.zero_grad(set_to_none=False)
        case.loss().backward()  # type: ignore[no-untyped-call]
        nn.utils.clip_grad_norm_(case.network.parameters(), 1.0)
        optimiser.step()

    points, started = [], time.perf_counter()
    run = step
    for k in range(steps + 1):
        if k % max(1, steps // 30) == 0:
            points.append((k, checked(case, case.error)))
        if k == 3 and case.captured and device.type == "cuda":
            run = recorded(step)[0].replay
        if k < steps:
            speed.fill_(rate * min((k + 1) / (0.1 * steps), 0.5 + 0.5 * math.cos(math.pi * k / steps)))
            run()
            tick()
    points.append((steps, checked(case, case.error)))
    return {
        "before_mm": points[0][1],
        "after_mm": points[-1][1],
        "asymmetry_mm": checked(case, case.asymmetry),
        "seconds": time.perf_counter() - started,
        "curve": points,
    }


@torch.no_grad()
def checked(case: Case, figure: Callable[[], float]) -> float:
    """A figure of the network as it would be used."""
    case.network.eval()
    value = figure()
    case.network.train()
    return value


def main() -> None:
    """See the module's docstring."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path)
    parser.add_argument("names", nargs="*", metavar="NAME")
    parser.add_argument("--steps", type=int, default=1500)
    parser.add_argument("--rate", type=float, default=1e-3)
    parser.add_argument("--device", default="cuda" if torch.cuda.is_available() else "cpu")
    parser.add_argument("--out", type=Path, default=Path("docs/networks"))
    arguments = parser.parse_args()
    device = torch.device(arguments.device)
    training, _, _ = split_clips(read_clips(arguments.data))
    known = cases(training[::20], device)
    unknown = [name for name in arguments.names if name not in known]
    if unknown:
        parser.error(f"no such network: {', '.join(unknown)}. Known: {', '.join(known)}")
    chosen = arguments.names or list(known)
    path = arguments.out / "overfit.json"
    results: dict[str, Any] = json.loads(path.read_text()) if path.exists() else {}
    with Progress() as progress:
        for name in chosen:
            task = progress.add_task(name, total=arguments.steps)
            torch.manual_seed(0)
            found = learn(known[name](), arguments.steps, arguments.rate, partial(progress.advance, task))
            results[name] = {"steps": arguments.steps, "device": device.type, **found}
            with whole_file(path) as part:
                part.write_text(json.dumps(results, indent=1) + "\n")
    show(results)
    draw(results, arguments.out / "overfit.png")


def show(results: dict[str, Any]) -> None:
    """The table on the terminal."""
    table = Table("network", "before, mm", "after, mm", "mirror, mm", "steps", "seconds")
    for name, row in results.items():
        figures = (
            "–" if math.isnan(row[key]) else f"{row[key]:.1f}" for key in ("before_mm", "after_mm", "asymmetry_mm")
        )
        table.add_row(name, *figures, str(row["steps"]), f"{row['seconds']:.0f}")
    Console().print(table)


def draw(results: dict[str, Any], path: Path) -> None:
    """Error over steps, one panel a family."""
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot

    families = list(dict.fromkeys(name.split()[0] for name in results))
    figure, axes = pyplot.subplots(1, len(families), figsize=(4.2 * len(families), 3.8), sharey=True, squeeze=False)
    for axis, family in zip(axes[0], families, strict=True):
        for name, row in results.items():
            if name.split()[0] == family:
                axis.plot(*zip(*row["curve"], strict=True), label=name.removeprefix(f"{family} "), linewidth=1.2)
        axis.set(title=family, xlabel="steps", yscale="log")
        axis.grid(alpha=0.3)
        axis.legend(fontsize=6)
        axis.spines[["top", "right"]].set_visible(False)
    axes[0][0].set_ylabel("mean joint error on ten clips, mm")
    figure.tight_layout()
    figure.savefig(path, dpi=130)
    shrink(path)


if __name__ == "__main__":
    main()
