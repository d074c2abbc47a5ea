"""Who is trained on, who is chosen by, and who is never looked at while choosing. By person, never by clip."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from ...rig.errors import BadInputError
from ..shards import Clip, read_shard

VALIDATION = ("cmu_01", "cmu_08", "cmu_16", "cmu_gsB", "uiprmd_s07")
TEST = ("cmu_06", "cmu_12", "cmu_35", "cmu_55", "uiprmd_s03")


def read_clips(folder: Path) -> list[Clip]:
    """Every clip of every shard in a folder."""
    return [clip for path in sorted(folder.glob("*.npz")) for clip in read_shard(path)]


@dataclass(frozen=True)
class People:
    """Who a run is chosen by and who it never sees; everybody else is trained on. Raises BadInputError for somebody who
    is both."""

    validation: tuple[str, ...] = VALIDATION
    test: tuple[str, ...] = TEST

    def __post_init__(self) -> None:
        if both := sorted({*self.validation} & {*self.test}):
            raise BadInputError(
                f"{', '.join(both)}: nobody can be chosen by and tested on. Name other people on one of the two sides."
            )


OURS = People()


def split_clips(clips: Sequence[Clip], people: People = OURS) -> tuple[list[Clip], list[Clip], list[Clip]]:
    """Training, validation and test clips."""
    training = [c for c in clips if c.subject not in people.validation + people.test]
    by_name = [[c for c in clips if c.subject in names] for names in (people.validation, people.test)]
    return training, by_name[0], by_name[1]
