"""What the papers say, from docs/networks/published.json: their tables with our row beside each of theirs."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from ...rig.errors import FileFormatError
from .json_file import read_json


@dataclass(frozen=True)
class Protocol:
    """What a paper measured on, and in what ours differs."""

    data: str
    difference: str


@dataclass(frozen=True)
class PublishedRow:
    """A row of a paper's table; `ours` names our network for it, by the series it belongs to (as a size)."""

    row: str
    published: list[float]
    ours: Mapping[str, str]


@dataclass(frozen=True)
class Ablation:
    """One table of a paper. `figures` are the metrics of each row, named as ours are."""

    about: str
    source: str
    protocol: Protocol
    figures: list[str]
    rows: list[PublishedRow]

    def series(self) -> dict[str, list[tuple[PublishedRow, str]]]:
        """Rows with our network for each, by series, in the paper's order."""
        names = dict.fromkeys(name for row in self.rows for name in row.ours)
        return {name: [(row, row.ours[name]) for row in self.rows if name in row.ours] for name in names}


@dataclass(frozen=True)
class Headline:
    """The figures a paper is known for, as text, beside our network of the same layout."""

    network: str
    published: str
    source: str
    protocol: Protocol


@dataclass(frozen=True)
class Change:
    """Two networks that differ in one thing, with the paper's error before and after it where there is one."""

    change: str
    before: str
    after: str
    published: list[float] | None
    source: str | None


@dataclass(frozen=True)
class Yardstick:
    """A plain network on the same motion: `figures[shard][metric]`."""

    name: str
    figures: Mapping[str, Mapping[str, float]]


@dataclass(frozen=True)
class Published:
    """All of the file."""

    ablations: Mapping[str, Ablation]
    headlines: list[Headline]
    changes: list[Change]
    yardsticks: list[Yardstick]


def read_published(path: Path) -> Published:
    """Raises FileFormatError where a table, a protocol or a figure is missing."""
    said = read_json(path)
    try:
        protocols = {name: Protocol(**words) for name, words in said["protocols"].items()}
        ablations = {}
        for name, table in said["ablations"].items():
            rows = [PublishedRow(**row) for row in table["rows"]]
            if wrong := [row.row for row in rows if len(row.published) != len(table["figures"])]:
                raise FileFormatError(path, f"{name}: {wrong[0]} has not as many numbers as there are figures.")
            ablations[name] = Ablation(**table | {"protocol": protocols[table["protocol"]], "rows": rows})
        headlines = [Headline(**row | {"protocol": protocols[row["protocol"]]}) for row in said["headlines"]]
        changes = [Change(**row) for row in said["changes"]]
        return Published(ablations, headlines, changes, [Yardstick(**row) for row in said["yardsticks"]])
    except (KeyError, TypeError) as error:
        raise FileFormatError(path, f"not the published figures: {error}.") from error
