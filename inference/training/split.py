"""Who is trained on, who is chosen by, and who is never looked at while choosing. By person, never by clip."""

from collections.abc import Sequence
from pathlib import Path

from ..shards import Clip, read_shard

VALIDATION = ("cmu_01", "cmu_08", "cmu_16", "cmu_gsB", "uiprmd_s07")
TEST = ("cmu_06", "cmu_12", "cmu_35", "cmu_55", "uiprmd_s03")


def read_clips(folder: Path) -> list[Clip]:
    """Every clip of every shard in a folder."""
    return [clip for path in sorted(folder.glob("*.npz")) for clip in read_shard(path)]


def split_clips(clips: Sequence[Clip]) -> tuple[list[Clip], list[Clip], list[Clip]]:
    """Training, validation and test clips."""
    training = [c for c in clips if c.subject not in VALIDATION + TEST]
    return training, [c for c in clips if c.subject in VALIDATION], [c for c in clips if c.subject in TEST]
