"""Writes pictures of plots and windows with 256 colours, a third of the size: python -m mocamba.tools.small_png PNG …

Such pictures have few colours beside the blends along edges and letters. A picture that would look different, a
photograph for instance, and one that is transparent are left as they are.
"""

import argparse
import io
from pathlib import Path

import numpy as np
from rich.console import Console

from ..rig.whole_file import whole_file

COLOURS = 256
MEAN, WORST = 1.2, 16  # of 255, unseen: root mean square, and what one value in a thousand may be off by


def shrink(path: Path) -> bool:
    """Rewrite a PNG in place, with its texts, where that makes it smaller and looks the same; whether it was."""
    from PIL import Image, PngImagePlugin

    picture = PngImagePlugin.PngImageFile(path)
    told = PngImagePlugin.PngInfo()
    for key, value in picture.text.items():
        told.add_text(key, value)
    whole = np.asarray(picture.convert("RGBA"))
    if (whole[..., 3] < 255).any():
        return False
    before = whole[..., :3].astype(np.float32)
    candidates = []
    for method in (Image.Quantize.MEDIANCUT, Image.Quantize.MAXCOVERAGE):
        fewer = picture.convert("RGB").quantize(COLOURS, method, kmeans=1, dither=Image.Dither.NONE)
        error = np.abs(np.asarray(fewer.convert("RGB")) - before)
        candidates.append((float(np.sqrt((error**2).mean())), float(np.quantile(error, 0.999)), fewer))
    mean, worst, fewer = min(candidates, key=lambda found: found[0])
    packed = io.BytesIO()
    fewer.save(packed, "PNG", optimize=True, pnginfo=told)
    if mean > MEAN or worst > WORST or len(packed.getvalue()) >= path.stat().st_size:
        return False
    with whole_file(path) as part:
        part.write_bytes(packed.getvalue())
    return True


def main() -> None:
    """See the module."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("pictures", type=Path, nargs="+", metavar="PNG")
    for path in parser.parse_args().pictures:
        before = path.stat().st_size
        told = f"{path.stat().st_size:,} bytes" if shrink(path) else "left as it is"
        Console().print(f"{path}: {before:,} bytes, {told}", soft_wrap=True)


if __name__ == "__main__":
    main()
