"""Training curves as pictures, from the metrics.csv of Lightning's logger, one for each start of a run."""

import csv
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from ...rig.errors import BadInputError


def draw_panels(files: Sequence[Path], panels: Sequence[tuple[str, Sequence[str]]], path: Path) -> None:
    """One run. `panels`: a title and the columns it shows."""
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot

    rows = [row for file in files for row in _rows(file)]
    figure, axes = pyplot.subplots(1, len(panels), figsize=(3.75 * len(panels), 3.6), layout="constrained")
    for axis, (title, keys) in zip(axes, panels, strict=True):
        for key in keys:
            points = [(int(row["step"]), float(row[key])) for row in rows if row.get(key)]
            if points:
                axis.plot(*zip(*points, strict=True), linewidth=1, label=_label(key))
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


def draw_beside(panels: Mapping[str, Mapping[str, Sequence[Path]]], key: str, label: str, path: Path) -> None:
    """The column `key` of several runs. `panels`: by title, each run's files by its name. Raises BadInputError where a
    run has nothing in it."""
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot

    figure, axes = pyplot.subplots(1, len(panels), figsize=(3.75 * len(panels), 3.6), layout="constrained", sharey=True)
    for axis, (title, runs) in zip(np.atleast_1d(axes), panels.items(), strict=True):
        for name, files in runs.items():
            rows = [row for file in files for row in _rows(file)]
            points = [(int(row["step"]), float(row[key])) for row in rows if row.get(key)]
            if not points:
                raise BadInputError(
                    f"{name} has no {key} yet. Train it for longer, or name a column of its metrics.csv."
                )
            last = f"{name}: {points[-1][1]:.1f}"
            axis.plot(*zip(*points, strict=True), marker="o", markersize=3, linewidth=1, label=last)
        axis.set(title=title, xlabel="steps", ylabel=label if axis.get_subplotspec().is_first_col() else "")
        axis.set_yscale("log")
        axis.yaxis.set_major_formatter("{x:g}")
        axis.yaxis.set_minor_formatter("{x:g}")
        axis.spines[["top", "right"]].set_visible(False)
        axis.legend(fontsize=7)
    figure.savefig(path, dpi=120)
    pyplot.close(figure)


def _rows(file: Path) -> list[dict[str, str]]:
    with file.open(encoding="utf-8") as handle:
        return list(csv.DictReader(handle))


def _label(key: str) -> str:
    return key.partition("/")[2].replace("_", " ").replace("/", " ")
