"""What parent and child of a bake say to each other. Imports no bpy."""

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Self

# Lines of the child's output that begin so are progress: share done, what is being done. All else is its log.
PROGRESS = "mocamba-progress "
# One that begins so is why nothing was made, for the user.
REFUSAL = "mocamba-refusal "


class _Message:
    @classmethod
    def read(cls, path: Path) -> Self:
        """Read what `write` wrote."""
        return cls(**json.loads(path.read_text(encoding="utf-8")))

    def write(self, path: Path) -> None:
        """Write as JSON."""
        path.write_text(json.dumps(asdict(self)), encoding="utf-8")  # type: ignore[call-overload]


@dataclass(frozen=True)
class ChildJob(_Message):
    """Bake `motion` (an `.npz` path) at `fps / base`; `render` ends in .png for a contact sheet, .mp4 for a movie."""

    motion: str
    name: str
    fps: int
    base: float
    blend: str
    render: str | None
    outcome: str


@dataclass(frozen=True)
class ChildOutcome(_Message):
    """What came of it; `bake_seconds` is the time for armature, body and keyframes."""

    frames: int
    bake_seconds: float
    blender: str
