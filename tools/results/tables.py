"""The tables of what was measured here."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from .block import NOT_MEASURED, Block
from .json_file import read_json
from .markdown import NOTHING, number, percent, table
from .measured import CONDITIONS, SHARDS, Scores
from .pictures import Panel, Picture
from .published import Ablation, Headline, Yardstick
from .units import METRICS, named, written

POSE = ("SIP", "Ang", "Pos")
DRAWN = ("SIP", "Pos")
DEFAULT = "hiposer-s"
ALIKE = 1e-3
LONG = 4000  # steps: rows of the papers' tables are trained for fewer
COMPARED = "two_gpus"  # JSON and PNG beside the training curves


def sensors(scores: Scores, yardsticks: Sequence[Yardstick]) -> Block:
    """Every row of HiPoser by pose alone, and how far the default is from the first yardstick."""
    networks = scores.networks("SIP", "clean")
    header = ["network", *(f"{label}: {named(m)}" for label in SHARDS.values() for m in POSE)]
    rows = []
    for network in networks:
        found = scores.on_all(network, "clean")
        rows.append([found[0].name(), *(number(value, 2) for score in found for value in score.values(POSE))])
    rows += [[y.name, *(number(y.figures[shard][m], 1) for shard in SHARDS for m in POSE)] for y in yardsticks]
    against = ", ".join(_against(yardsticks[0], scores))
    text = f"{table(header, rows)}\n`{DEFAULT}` against the first yardstick: {against}.\n"
    panels = [Panel(named(m), scores.series(networks, "clean", m)) for m in DRAWN]
    title = "Six clean simulated sensors, people never trained on (lower is better)"
    return Block(text, Picture("hiposer_table", title, networks, panels, 1))


def _against(yardstick: Yardstick, scores: Scores) -> Iterator[str]:
    for metric in DRAWN:
        for shard, label in SHARDS.items():
            if score := scores.find(DEFAULT, shard, "clean"):
                yield f"{metric} {percent(yardstick.figures[shard][metric], score.figures[metric])} on {label}"


def sensors_in_full(scores: Scores, condition: str) -> Block:
    """The same with smoothness and the path that was gone."""
    measures = [*map(named, POSE), "jitter ÷ truth", "Dist cm", "drift %"]
    header = ["network", "parameters", "steps", *(f"{label}: {m}" for label in SHARDS.values() for m in measures)]
    rows = []
    for network in scores.networks("SIP", condition):
        found = scores.on_all(network, condition)
        about = [found[0].name(), number(found[0].parameters, 0), number(found[0].steps, 0)]
        rows.append([*about, *(cell for score in found for cell in _cells_in_full(score.figures))])
    told = [k for k in range(len(header)) if any(row[k] != NOTHING for row in rows)]  # nobody walks in UI-PRMD
    return Block(table([header[k] for k in told], [[row[k] for k in told] for row in rows]))


def _cells_in_full(figures: Mapping[str, float]) -> Iterator[str]:
    yield from (number(figures[metric], METRICS[metric][1]) for metric in POSE)
    yield number(figures["jitter"] / figures["jitter_truth"], 2)
    yield from (number(figures[metric], 1) for metric in ("dist", "drift"))


def motion_states(path: Path) -> Block:
    """Streams, by what is kept of the past and what the network is told of it."""
    said = read_json(path)
    header = ["network", "memory", "motion states"]
    header += [f"{label}: {m}" for label in SHARDS.values() for m in ("SIP °", "Pos cm", "jitter ÷ truth")]
    rows: dict[tuple[str, ...], dict[str, list[str]]] = {}
    for row in said:
        key = (f"`{row['network']}`", row["memory"], row["motion_states"])
        ratio = row["jitter"] / row["jitter_truth"]
        rows.setdefault(key, {})[row["stream"]] = [number(v, 2) for v in (row["SIP"], row["Pos"], ratio)]
    return Block(table(header, [[*key, *(cell for s in SHARDS for cell in cells[s])] for key, cells in rows.items()]))


def lifting(scores: Scores, headlines: Sequence[Headline]) -> Block:
    """All networks that read a camera, those trained for long first, each half best first, with the figures that the
    papers are known for; a picture of the first half."""
    metrics = ("MPJPE", "PA_MPJPE")
    long = [row.network for row in scores.rows if (row.steps or 0) >= LONG]
    networks = sorted(scores.networks("MPJPE", scores.conditions()[-1]), key=lambda network: network not in long)
    header = ["network", "steps", "parameters", *scores.columns(), "published"]
    known = {headline.network: headline for headline in headlines}
    rows = []
    for network in networks:
        found = [scores.find(network, shard, condition) for condition, shard in scores.columns().values()]
        first = next(score for score in found if score)
        cells = [written(score.values(metrics) if score else None, metrics) for score in found]
        said = f"{known[network].published} ({known[network].source})" if network in known else NOTHING
        rows.append([first.name(), number(first.steps, 0), number(first.parameters, 0), *cells, said])
    used = {h.protocol.data: h for h in headlines if h.network in networks}
    text = table(header, rows) + "\nWhat the published figures are of, and in what ours differ:\n\n"
    text += "".join(f"- {h.source.split(',')[0]}: {h.protocol.data}; {h.protocol.difference}.\n" for h in used.values())
    drawn = [network for network in networks if network in long] or networks
    panels = [Panel(f"MPJPE mm; {CONDITIONS[c]}", scores.series(drawn, c, "MPJPE")) for c in scores.conditions()]
    title = "Four virtual cameras, people never trained on (lower is better)"
    return Block(text, Picture("lifting_table", title, drawn, panels))


def mesh(path: Path, published: Ablation) -> Block:
    """HMRMamba on filmed scenes, beside lifting alone and the paper's last row."""
    if not path.exists():
        return NOT_MEASURED
    said: dict[str, Any] = read_json(path)
    keys = ("lifted", "mesh", "vertices", "by_rule")
    header = ["people", "lifted joints", "mesh's joints", "vertices", "vertices by a linear rule from lifted joints"]
    rows = [[group, *(number(row[key], 1) for key in keys)] for group, row in said.items()]
    theirs = dict(zip(published.figures, published.rows[-1].published, strict=True))
    cells = [number(theirs[metric], 1) for metric in ("MPJPE", "MPVPE")]
    rows.append([f"published, {published.source}", NOTHING, *cells, NOTHING])
    against = ", ".join(f"{percent(row['by_rule'], row['vertices'])} ({group})" for group, row in said.items())
    text = table(header, rows) + f"\nThe mesh's vertices against those by rule, which is lifting alone: {against}.\n"
    return Block(f"{text}Published on {published.protocol.data}; {published.protocol.difference}.\n")


def devices(path: Path) -> Block:
    """How far the loss curves of one and of several GPUs are apart."""
    if not path.exists():
        return NOT_MEASURED
    said: dict[str, Any] = read_json(path)
    rows = []
    for network, row in said.items():
        curves = list(row["curves"].values())
        means = [number(sum(loss for _, loss in curve) / len(curve), 4) for curve in curves]
        rows.append([f"`{network}`", str(curves[0][-1][0]), _alike_until(curves), *means, f"{row['percent']:.2g}"])
    counts = next(iter(said.values()))["curves"]
    header = [
        "network",
        "steps",
        "same to 0.1 % until step",
        *(f"mean loss, {count} GPU{'s' * (count != '1')}" for count in counts),
    ]
    picture = f"![Loss curves of one and of several GPUs]({path.parent.name}/{COMPARED}.png)"  # the benchmark's
    return Block(f"{table([*header, 'largest difference, %'], rows)}\n{picture}\n")


def _alike_until(curves: Sequence[Sequence[tuple[int, float]]]) -> str:
    """The last of the first points at which all curves are the same."""
    same = NOTHING
    for points in zip(*curves, strict=True):
        losses = [loss for _, loss in points]
        if max(losses) - min(losses) > ALIKE * min(losses):
            break
        same = str(points[0][0])
    return same


def training_curves(folder: Path) -> Block:
    """Links to the pictures that `mocamba train` left, by their networks."""
    runs = [path for path in sorted(folder.glob("*.png")) if path.stem != COMPARED]
    return Block(", ".join(f"[{path.stem}]({folder.name}/{path.name})" for path in runs) + ".\n")


def by_heart(path: Path, family: str = "") -> Block:
    """Ten clips learnt by heart, of all networks or of one family."""
    said: dict[str, Any] = read_json(path)
    keys = ("before_mm", "after_mm", "asymmetry_mm")
    rows = [
        [name, f"{row['steps']:,}", *(number(row[key], 1 if row[key] >= 1 else 2) for key in keys)]
        for name, row in said.items()
        if name.split()[0] == (family or name.split()[0])
    ]
    return Block(table(["network", "steps", "before, mm", "after, mm", "mirror, mm"], rows))
