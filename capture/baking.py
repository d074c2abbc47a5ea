"""From a solved take to keyframes in a .blend."""

from dataclasses import dataclass
from pathlib import Path

from ..rig.blender.job import BakeJob, BakeResult, run_bake
from ..rig.progress import Progress
from ..rig.whole_file import check_suffix, refuse_existing
from .take import Take


@dataclass(frozen=True)
class BakeOptions:
    """`network`: whose solve is baked, None the newest; `render` a .png contact sheet or an .mp4 film."""

    blend: Path
    network: str | None = None
    fps: float = 24.0
    render: Path | None = None
    force: bool = False

    def check(self) -> None:
        """Refuse outputs that exist or are misnamed, before any work is done for them."""
        check_suffix(self.blend, ".blend")
        refuse_existing(self.blend, force=self.force)
        if self.render is not None:
            check_suffix(self.render, ".mp4", ".png")
            refuse_existing(self.render, force=self.force)


def bake_take(take: Take, options: BakeOptions, progress: Progress) -> BakeResult:
    """Bake the motion of `take` under the take's name; errors are those of `run_bake`."""
    options.check()
    motion, name = take.solved_file(options.network), take.path.name.removesuffix(take.path.suffix)
    return run_bake(BakeJob(motion, name, options.blend, options.fps, options.render, options.force), progress)
