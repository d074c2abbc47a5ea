"""Training curves as a picture."""

import csv
from collections.abc import Sequence
from pathlib import Path

FIGURES = (("score", "validation score"), ("cmu/SIP", "SIP, CMU (°)"), ("uiprmd/SIP", "SIP, UI-PRMD (°)"))


def draw_curves(runs: dict[str, Sequence[Path]], path: Path) -> None:
    """`runs`: by name the metrics.csv of Lightning's logger, one for each start. Loss and validation over steps."""
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot

    figure, axes = pyplot.subplots(1, 4, figsize=(15, 3.6), layout="constrained")
    for k, (name, files) in enumerate(runs.items()):
        style = {"color": f"C{k % 10}", "linestyle": "-" if k < 10 else "--", "linewidth": 1}
        rows = [row for file in files for row in _rows(file)]
        loss = [(int(r["step"]), _loss(r)) for r in rows if r.get("train/position")]
        axes[0].plot([step for step, _ in loss], [value for _, value in loss], label=name, **style)
        for axis, (key, _) in zip(axes[1:], FIGURES, strict=True):
            points = [(int(r["step"]), float(r[f"val/{key}"])) for r in rows if r.get(f"val/{key}")]
            if points:
                axis.plot(*zip(*points, strict=True), marker="o", markersize=3, **style)
    titles = ["training loss", *(title for _, title in FIGURES)]
    for axis, title in zip(axes, titles, strict=True):
        # spikes, and the first averages (of a network that has learned nothing), would flatten the rest
        lowest = min((value for line in axis.lines for value in line.get_ydata()), default=1.0)
        axis.set(title=title, xlabel="steps", ylim=(0.95 * lowest, 2.2 * lowest))
        axis.spines[["top", "right"]].set_visible(False)
    figure.legend(loc="outside right upper", fontsize=8)
    figure.savefig(path, dpi=120)
    pyplot.close(figure)


def draw_panels(files: Sequence[Path], panels: Sequence[tuple[str, Sequence[str]]], path: Path) -> None:
    """`files`: metrics.csv of Lightning's logger, one for each start; `panels`: a title and the columns it shows."""
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot

    rows = [row for file in files for row in _rows(file)]
    figure, axes = pyplot.subplots(1, len(panels), figsize=(3.75 * len(panels), 3.6), layout="constrained")
    for axis, (title, keys) in zip(axes, panels, strict=True):
        for key in keys:
            points = [(int(row["step"]), float(row[key])) for row in rows if row.get(key)]
            if points:
                axis.plot(*zip(*points, strict=True), linewidth=1, label=key.split("/")[-1].replace("_", " "))
        axis.set(title=title, xlabel="steps")
        values = [value for line in axis.lines for value in line.get_ydata()]
        if values and min(values) > 0 and max(values) > 4 * min(values):
            axis.set_yscale("log")
            axis.yaxis.set_major_formatter("{x:g}")  # 0.1 rather than 10⁻¹
            axis.yaxis.set_minor_formatter("{x:g}" if max(values) < 10 * min(values) else "")
        axis.spines[["top", "right"]].set_visible(False)
        if len(axis.lines) > 1:
            axis.legend(fontsize=7)
    figure.savefig(path, dpi=120)
    pyplot.close(figure)


def _rows(file: Path) -> list[dict[str, str]]:
    with file.open(encoding="utf-8") as handle:
        return list(csv.DictReader(handle))


def _loss(row: dict[str, str]) -> float:
    return sum(
        float(value) for key, value in row.items() if key.startswith("train/") and key != "train/finite" and value
    )
