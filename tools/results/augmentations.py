"""What each way to make more of little motion is worth: the same run without it, or with one that is not used."""

from collections.abc import Mapping

from .block import NOT_MEASURED, Block
from .markdown import NOTHING, number, signed, table
from .measured import CONDITIONS, SHARDS, Scores
from .pictures import Panel, Picture

ALL = "all"
FIGURES = {"SIP": "°", "Pos": "cm"}
NAMES = {
    ALL: "the reference",
    "none": "none",
    "no-mirror": "without mirror images",
    "no-recombination": "without limbs of other clips",
    "no-perturbation": "without perturbed joints",
    "no-body-sizes": "without other body sizes",
    "no-speed": "without other paces",
    "invented": "with invented motion too",
    "even": "with everybody drawn more evenly",
    "clean-sensors": "with sensors that never err",
    "heavier-sensors": "with heavier sensor errors",
}


def augmentations(scores: Scores) -> Block:
    """Differences to the run with all of them; chosen on validation people, shown on test people."""
    conditions = [c for c in scores.conditions() if scores.on_all(ALL, c, "validation")]
    if not conditions:
        return NOT_MEASURED
    judged = conditions[-1]  # worn sensors where they were measured: what users have
    text = "\n".join(f"On {CONDITIONS[c]}:\n\n{_table(scores, c, c == judged)}" for c in conditions)
    return Block(text + _spread(scores, judged), _picture(scores, judged))


def _spread(scores: Scores, condition: str) -> str:
    """How far trainings of one row are apart where several were made."""
    apart = []
    for way, shard in ((way, shard) for way in NAMES for shard in SHARDS):
        found = scores.trainings(way, shard, condition, "validation")
        for values in ([row.figures[f] for row in found] for f in FIGURES):
            apart += [100 * (max(values) - min(values)) / min(values)] if len(values) > 1 else []
    if not apart:
        return ""
    apart.sort()
    middle, most = apart[len(apart) // 2], apart[-1]
    return (
        "\nA row is the mean of trainings that differ in the seed. On one shard of the validation people they "
        f"are {number(middle, 1)} % apart in the median of the rows, {number(most, 1)} % at most.\n"
    )


def _differences(scores: Scores, way: str, condition: str, group: str) -> list[float]:
    """SIP and Pos on CMU, then on UI-PRMD, less those of the run with all; nothing where one is missing."""
    pairs = zip(scores.on_all(way, condition, group), scores.on_all(ALL, condition, group), strict=False)
    return [mine.figures[f] - whole.figures[f] for mine, whole in pairs for f in FIGURES]


def _table(scores: Scores, condition: str, judged: bool) -> str:
    header = ["training", "validation people: mean change", *["so the way is"] * judged]
    header += [f"test, {label}: {f} {unit}" for label in SHARDS.values() for f, unit in FIGURES.items()]
    whole = [score.figures[f] for score in scores.on_all(ALL, condition, "test") for f in FIGURES]
    rows = [[NAMES[ALL], NOTHING, *[NOTHING] * judged, *(f"{value:.2f}" for value in whole)]]
    for way in (way for way in NAMES if way != ALL):
        if found := _differences(scores, way, condition, "test"):
            change = mean_change(scores, way, condition)
            cells = [signed(value, 2) for value in found]
            said = [verdict(scores, way, condition)] * judged
            rows.append([NAMES[way], f"{signed(change, 1)} %", *said, *cells])
    return table(header, rows)


def mean_change(scores: Scores, way: str, condition: str, seed: int | None = None) -> float:
    """Of SIP and Pos over both shards of the validation people, % of the run with all; of all seeds, or of one."""
    ratios = []
    for shard in SHARDS:
        mine, whole = (_figures(scores, name, shard, condition, seed) for name in (way, ALL))
        ratios += [mine[figure] / whole[figure] for figure in FIGURES]
    return 100 * (sum(ratios) / len(ratios) - 1)


def _figures(scores: Scores, way: str, shard: str, condition: str, seed: int | None) -> Mapping[str, float]:
    found = scores.trainings(way, shard, condition, "validation")
    rows = [row for row in found if seed is None or row.seed == seed]
    return {figure: sum(row.figures[figure] for row in rows) / len(rows) for figure in FIGURES}


def _seeds(scores: Scores, way: str, condition: str) -> set[int | None]:
    key = (way, condition, "validation")
    return {row.seed for row in scores.rows if (row.network, row.condition, row.group) == key}


def verdict(scores: Scores, way: str, condition: str) -> str:
    """A way is kept where the run that has it errs less, and open where trainings of two seeds say this and that."""
    if way == "none":
        return NOTHING
    seeds = _seeds(scores, way, condition) & _seeds(scores, ALL, condition)
    better = {mean_change(scores, way, condition, seed) < 0 for seed in seeds}
    if len(better) > 1:
        return "open"
    return "kept" if better == {not way.startswith("no-")} else "left out"


def _picture(scores: Scores, condition: str) -> Picture:
    ways = [way for way in NAMES if way != ALL and scores.on_all(way, condition, "test")]
    panels = []
    for k, (figure, unit) in enumerate(FIGURES.items()):
        series: dict[str, list[float | None]] = {
            label: [_differences(scores, way, condition, "test")[len(FIGURES) * s + k] for way in ways]
            for s, label in enumerate(SHARDS.values())
        }
        panels.append(Panel(f"difference of {figure}, {unit}; {CONDITIONS[condition]}", series))
    title = "Test people: error of each training less that with all (to the right: worse)"
    return Picture("augmentations", title, [NAMES[way] for way in ways], panels, 2)
