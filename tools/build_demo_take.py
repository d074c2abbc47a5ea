"""Makes the motion that the add-on plays without any hardware: python -m mocamba.tools.build_demo_take

The simulated performer's six worn sensors, recorded, solved frame by frame as when live, and polished.
"""

import sys
import tempfile
from dataclasses import replace
from pathlib import Path

import numpy as np

from ..capture.demo import HEIGHT, simulate_recording
from ..capture.importing import ImportOptions, write_take
from ..capture.solving import DEFAULT_NETWORK, Mode, solve_take
from ..capture.take import new_take, open_take
from ..rig.amass import write_amass
from ..rig.polish import Polish, polished

OUT = Path(__file__).resolve().parents[1] / "addon" / "data" / "demo.npz"
DECIMALS = 4  # of quaternions and metres: finer than the network, and packs well


def main() -> None:
    """Write the file anew."""
    recording, _ = simulate_recording()
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "Demo.take")
        with new_take(path) as part:
            write_take(part, recording, "simulated performer", HEIGHT, ImportOptions(height=HEIGHT))
        motion, _, _ = solve_take(open_take(path), DEFAULT_NETWORK, Mode.LIVE, lambda share, doing: None)
    motion = polished(motion, Polish(smooth=0.03, floor=True, feet=True))
    rounded = {key: np.round(getattr(motion, key), DECIMALS) for key in ("rotations", "translation", "confidence")}
    write_amass(replace(motion, **rounded), OUT)
    sys.stdout.write(f"{OUT}: {len(motion)} frames, {OUT.stat().st_size / 1e3:.0f} kB\n")


if __name__ == "__main__":
    main()
