"""Training curves as a picture."""

import csv
from pathlib import Path

FIGURES = (("score", "validation score"), ("cmu/SIP", "SIP, CMU (°)"), ("uiprmd/SIP", "SIP, UI-PRMD (°)"))


def draw_curves(runs: dict[str, Path], path: Path) -> None:
    """`runs`: a name and the metrics.csv of Lightning's logger each. Loss and validation over steps."""
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot

    figure, axes = pyplot.subplots(1, 4, figsize=(15, 3.6), layout="constrained")
    for name, file in runs.items():
        with file.open(encoding="utf-8") as handle:
            rows = list(csv.DictReader(handle))
        loss = [(int(r["step"]), _loss(r)) for r in rows if r.get("train/torso")]
        axes[0].plot(*zip(*loss, strict=True), label=name, linewidth=1)
        for axis, (key, _) in zip(axes[1:], FIGURES, strict=True):
            points = [(int(r["step"]), float(r[f"val/{key}"])) for r in rows if r.get(f"val/{key}")]
            if points:
                axis.plot(*zip(*points, strict=True), marker="o", markersize=3, linewidth=1)
    titles = ["training loss", *(title for _, title in FIGURES)]
    for axis, title in zip(axes, titles, strict=True):
        # spikes, and the first averages (of a network that has learned nothing), would flatten the rest
        lowest = min(min(line.get_ydata()) for line in axis.lines) if axis.lines else 1.0
        axis.set(title=title, xlabel="steps", ylim=(0.95 * lowest, 2.2 * lowest))
        axis.spines[["top", "right"]].set_visible(False)
    axes[0].legend(fontsize=7)
    figure.savefig(path, dpi=120)
    pyplot.close(figure)


def _loss(row: dict[str, str]) -> float:
    return sum(
        float(value) for key, value in row.items() if key.startswith("train/") and key != "train/finite" and value
    )
