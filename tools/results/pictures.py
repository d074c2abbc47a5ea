"""Bars with the figures of a table. A picture carries a digest of what it shows, so that an old one is known."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ...rig.whole_file import whole_file
from ..small_png import shrink
from .markdown import number

DIGEST = "Shows"  # key of the PNG's text
COLOURS = {"published": "#b3b3b3", "CMU": "#3b6ea8", "UI-PRMD": "#d98b3a"}
ROOM = 0.8  # of that for one name is filled with bars


@dataclass(frozen=True)
class Panel:
    """Series of values by their label, a value for each of the picture's names; None where nothing was measured."""

    axis: str
    series: Mapping[str, Sequence[float | None]]


@dataclass(frozen=True)
class Picture:
    """`stem` of the file in docs/networks; panels side by side share `names`. `digits` of the bars' labels."""

    stem: str
    title: str
    names: Sequence[str]
    panels: Sequence[Panel]
    digits: int = 0

    def digest(self) -> str:
        """Of everything that is seen."""
        seen = [
            (panel.axis, name, [None if value is None else round(value, self.digits + 1) for value in values])
            for panel in self.panels
            for name, values in panel.series.items()
        ]
        return hashlib.sha256(repr((self.title, list(self.names), self.digits, seen)).encode()).hexdigest()[:16]


def is_current(picture: Picture, path: Path) -> bool:
    """Whether the file shows these very figures."""
    from PIL import Image

    if not path.exists():
        return False
    with Image.open(path) as image:
        return bool(image.info.get(DIGEST) == picture.digest())


def draw(picture: Picture, path: Path) -> None:
    """As a PNG with its digest."""
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot

    height = 1.5 + (0.1 + 0.17 * len(picture.panels[0].series)) * len(picture.names)
    columns = len(picture.panels)
    figure, axes = pyplot.subplots(
        1, columns, figsize=(5.2 * columns + 1, height), sharey=True, squeeze=False, layout="constrained"
    )
    for axis, panel in zip(axes[0], picture.panels, strict=True):
        _draw_panel(axis, panel, picture)
    axes[0][0].invert_yaxis()
    handles, labels = axes[0][0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside lower center", ncols=len(labels), frameon=False)
    figure.suptitle(picture.title, fontsize=11)
    with whole_file(path) as part:
        figure.savefig(part, dpi=110, metadata={DIGEST: picture.digest()})
    shrink(path)
    pyplot.close(figure)


def _draw_panel(axis: Any, panel: Panel, picture: Picture) -> None:
    thick = ROOM / len(panel.series)
    for k, (label, values) in enumerate(panel.series.items()):
        known = [(i, value) for i, value in enumerate(values) if value is not None]
        places = [i + thick * k for i, _ in known]
        bars = axis.barh(places, [value for _, value in known], 0.92 * thick, label=label, color=COLOURS[label])
        axis.bar_label(bars, fmt=lambda value: number(value, picture.digits), padding=3, fontsize=7)
    axis.set_xlabel(panel.axis)
    axis.set_yticks([i + thick * (len(panel.series) - 1) / 2 for i in range(len(picture.names))], picture.names)
    axis.axvline(0, color="black", linewidth=0.6)
    axis.margins(x=0.12, y=0.02)
    axis.spines[["top", "right"]].set_visible(False)
