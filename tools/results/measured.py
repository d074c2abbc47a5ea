"""What the benchmarks measured: one score for each network, shard, condition and group of people."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from ...rig.errors import FileFormatError
from .json_file import read_json

SHARDS = {"cmu": "CMU", "uiprmd": "UI-PRMD"}
CONDITIONS = {"clean": "clean sensors", "worn": "worn sensors", "perfect": "perfect", "mediapipe-like": "detector"}


@dataclass(frozen=True)
class Score:
    """A row of a benchmark's file, or the mean of several trainings' that differ in the seed.

    `condition` is one of CONDITIONS, `group` which people of our split; `frames` that it is the mean of, where they
    were counted; `earlier`: not trained by the code as it is.
    """

    network: str
    shard: str
    condition: str
    group: str
    steps: int | None
    parameters: int
    earlier: bool
    seed: int | None
    frames: int | None
    figures: Mapping[str, float]

    def name(self) -> str:
        """As in a table."""
        return f"`{self.network}`{' †' * self.earlier}"

    def values(self, figures: Iterable[str]) -> list[float]:
        """Several of them."""
        return [self.figures[figure] for figure in figures]


@dataclass(frozen=True)
class Scores:
    """All rows of one table."""

    rows: tuple[Score, ...]

    def find(self, network: str, shard: str, condition: str, group: str = "test") -> Score | None:
        """The mean of its trainings; None where it was not measured."""
        found = self.trainings(network, shard, condition, group)
        if len(found) < 2:
            return found[0] if found else None
        mean = {name: sum(row.figures[name] for row in found) / len(found) for name in found[0].figures}
        return replace(found[0], figures=mean)

    def trainings(self, network: str, shard: str, condition: str, group: str = "test") -> list[Score]:
        """Each on its own: they differ in the seed."""
        key = (network, shard, condition, group)
        return [row for row in self.rows if (row.network, row.shard, row.condition, row.group) == key]

    def on_all(self, network: str, condition: str, group: str = "test") -> list[Score]:
        """On each shard, or nothing where one is missing."""
        found = [self.find(network, shard, condition, group) for shard in SHARDS]
        return [score for score in found if score] if all(found) else []

    def over_frames(self, network: str, condition: str, figure: str) -> float | None:
        """The mean over all frames of all shards; None where they were not counted."""
        found = self.on_all(network, condition)
        counts = [score.frames for score in found if score.frames]
        if not found or len(counts) < len(found):
            return None
        return sum(score.figures[figure] * n for score, n in zip(found, counts, strict=True)) / sum(counts)

    def conditions(self) -> list[str]:
        """Those that were measured, as CONDITIONS orders them."""
        return [condition for condition in CONDITIONS if any(row.condition == condition for row in self.rows)]

    def columns(self) -> dict[str, tuple[str, str]]:
        """(condition, shard) of each column of a table by its label."""
        conditions = self.conditions()
        return {
            f"{label}{f' ({CONDITIONS[condition]})' * (len(conditions) > 1)}": (condition, shard)
            for condition in conditions
            for shard, label in SHARDS.items()
        }

    def series(self, networks: Sequence[str], condition: str, figure: str) -> dict[str, list[float | None]]:
        """A figure of each network by the shards' labels, for a picture."""
        found = {label: [self.find(n, shard, condition) for n in networks] for shard, label in SHARDS.items()}
        return {label: [row.figures[figure] if row else None for row in rows] for label, rows in found.items()}

    def networks(self, figure: str, condition: str, group: str = "test") -> list[str]:
        """Those with a score on every shard, by the mean of `figure`, best first."""
        names = dict.fromkeys(row.network for row in self.rows)
        found = {name: rows for name in names if (rows := self.on_all(name, condition, group))}
        return sorted(found, key=lambda name: sum(row.figures[figure] for row in found[name]))


def read_scores(*paths: Path) -> Scores:
    """The rows of those of the files that are there."""
    return Scores(tuple(row for path in paths if path.exists() for row in _rows(path, read_json(path))))


def _rows(path: Path, said: list[dict[str, Any]]) -> Iterable[Score]:
    for row in said:
        try:
            yield Score(
                network=row["network"],
                shard=row["shard"],
                condition=row["protocol"] if "protocol" in row else row["sensors"],
                group=row.get("group", "test"),
                steps=row.get("steps"),
                parameters=row["parameters"],
                earlier=row.get("earlier", False),
                seed=row.get("seed"),
                frames=row.get("frames"),
                figures={key: value for key, value in row.items() if isinstance(value, float)},
            )
        except KeyError as error:
            raise FileFormatError(path, f"a row without {error}.", "Run the benchmark that writes it again.") from error
