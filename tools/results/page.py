"""Pages whose tables and pictures are made of the benchmarks' files."""

import os
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cached_property, partial
from pathlib import Path

from ...rig.errors import FileFormatError
from . import tables
from .augmentations import augmentations
from .block import Block
from .comparisons import changes, comparison, not_measured, published_table
from .markdown import replace_blocks
from .measured import Scores, read_scores
from .pictures import Picture
from .published import Ablation, Published, read_published


@dataclass(frozen=True)
class Results:
    """All measurements in a folder of documentation (`networks/*.json`, `training/*.json`) and what they become."""

    docs: Path

    @cached_property
    def published(self) -> Published:
        """The papers' figures."""
        return read_published(self.docs / "networks" / "published.json")

    @cached_property
    def lifting(self) -> Scores:
        """Networks that read a camera."""
        return self._scores("lifting_table")

    @cached_property
    def sensors(self) -> Scores:
        """HiPoser with clean sensors."""
        return self._scores("hiposer_table")

    def _scores(self, *names: str) -> Scores:
        return read_scores(*(self.docs / "networks" / f"{name}.json" for name in names))

    def _of(self, ablation: str) -> Scores:
        return self.sensors if ablation.startswith("hiposer") else self.lifting

    def _ablations(self) -> Scores:
        """By the names of the ways, however the runs were called."""
        found = self._scores("ablation", "ablation_worn")
        return Scores(tuple(replace(row, network=row.network.removeprefix("hiposer-s-")) for row in found.rows))

    def blocks(self) -> dict[str, Callable[[], Block]]:
        """Everything that a page can ask for, by what stands in its marker."""
        said, measured, heart = self.published, self.docs / "networks", self.docs / "networks" / "overfit.json"
        found: dict[str, Callable[[], Block]] = {
            "sensors": lambda: tables.sensors(self.sensors, said.yardsticks),
            "sensors in full": lambda: tables.sensors_in_full(self.sensors, "clean"),
            "worn sensors in full": lambda: tables.sensors_in_full(self._scores("hiposer_table_worn"), "worn"),
            "motion states": lambda: tables.motion_states(measured / "motion_states.json"),
            "augmentations": lambda: augmentations(self._ablations()),
            "lifting": lambda: tables.lifting(self.lifting, said.headlines),
            "changes": lambda: changes(said.changes, self.lifting),
            "mesh": lambda: tables.mesh(measured / "hmrmamba_errors.json", said.ablations["hmrmamba-components"]),
            "two GPUs": lambda: tables.devices(self.docs / "training" / f"{tables.COMPARED}.json"),
            "not measured": lambda: not_measured(list(said.ablations.values()), [self.sensors, self.lifting]),
            "training curves": lambda: tables.training_curves(self.docs / "training"),
            "by heart": lambda: tables.by_heart(heart),
        }
        for family in ("HiPoser", "VIMCAN", "PoseMamba", "MDTF", "HMRMamba"):
            found[f"by heart, {family}"] = partial(tables.by_heart, heart, family)
        for name, ablation in said.ablations.items():
            found |= self._blocks_of(name, ablation)
        return found

    def _blocks_of(self, name: str, ablation: Ablation) -> dict[str, Callable[[], Block]]:
        return {
            f"published {name}": lambda: published_table(ablation),
            f"comparison {name}": lambda: comparison(name, ablation, self._of(name)),
            f"pictured comparison {name}": lambda: comparison(name, ablation, self._of(name), pictured=True),
        }


@dataclass(frozen=True)
class Page:
    """A page as it should be, and the pictures that it shows by their paths."""

    path: Path
    text: str
    pictures: dict[Path, Picture]


def pages(docs: Path) -> list[Page]:
    """results.md and the networks' pages. Raises FileFormatError for a block that nobody knows or that has no end."""
    blocks = Results(docs).blocks()
    paths = [docs / "results.md", *sorted((docs / "networks").glob("*.md"))]
    return [_page(path, docs / "networks", blocks) for path in paths]


def _page(path: Path, folder: Path, blocks: dict[str, Callable[[], Block]]) -> Page:
    pictures: dict[Path, Picture] = {}

    def render(what: str) -> str:
        if what not in blocks:
            raise FileFormatError(path, f"a table {what!r} that nobody knows.", f"Known: {', '.join(blocks)}.")
        try:
            block = blocks[what]()
        except (LookupError, TypeError) as error:
            raise FileFormatError(path, f"its table {what!r} cannot be made: {error!r} in the measurements.") from error
        if block.picture is None:
            return block.text
        file = folder / f"{block.picture.stem}.png"
        pictures[file] = block.picture
        link = Path(os.path.relpath(file, path.parent)).as_posix()
        return f"{block.text}\n![{block.picture.title}]({link})\n"

    text = replace_blocks(path, path.read_text(encoding="utf-8"), render)
    return Page(path, text, pictures)
