"""The add-on in real windows of a Blender: python tools/blender_windows.py --blender PROGRAM [--display :1] [--out DIR]

Builds the zip, has Blender install it into a settings folder of its own, starts a session of simulated sensors, and
walks through the panels like a user: demo take, connect, preview, record, bake, export, disable. Every state is
photographed (by ImageMagick's `import`) into DIR, and every step checked; exit code 1 where one failed.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
INSIDE = Path(__file__).with_name("blender_windows_inside.py")
LONGEST = 600.0  # seconds


def main() -> int:
    """See the module's docstring."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--blender", default=os.environ.get("MOCAMBA_BLENDER", "blender"))
    parser.add_argument("--display", help="an X display, such as :1; by default the one there is")
    parser.add_argument("--out", type=Path, default=ROOT / "dist" / "windows", help="where the pictures go")
    parser.add_argument("--work", type=Path, help="a folder that Blender can reach; by default a temporary one")
    wish = parser.parse_args()
    wish.out.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=wish.work, prefix="blender windows ü ") as name:
        return run(wish.blender, Path(name), wish.out.resolve(), wish.display)


def run(blender: str, work: Path, out: Path, display: str | None) -> int:
    """Everything that is made goes with `work`, but for the pictures."""
    variables = {**os.environ, "MOCAMBA_LINK": str(work / "link.json"), "BLENDER_USER_RESOURCES": str(work / "user")}
    variables |= {"DISPLAY": display} if display else {}
    subprocess.run([sys.executable, str(ROOT / "build_addon.py"), "--output", str(work)], check=True)
    zipped = next(work.glob("mocamba-*.zip"))
    for command in (["validate", str(zipped)], ["install-file", "-r", "user_default", "-e", str(zipped)]):
        subprocess.run([blender, "--command", "extension", *command], check=True, env=variables)
    with session(work, variables) as running:
        try:
            steps = {"work": str(work), "out": str(out), "link": str(work / "link.json")}
            (work / "steps.json").write_text(json.dumps(steps), encoding="utf-8")
            command = [blender, "--python", str(INSIDE), "--", str(work / "steps.json")]
            subprocess.run(command, env=variables, timeout=LONGEST, check=False)
        finally:
            running.terminate()
            running.wait(30)
    outcome = work / "outcome.json"
    if not outcome.exists():
        sys.stderr.write("Blender ended before the steps did.\n")
        return 1
    told = json.loads(outcome.read_text("utf-8"))
    for line in told["lines"]:
        sys.stdout.write(line + "\n")
    return 1 if told["failed"] else 0


def session(work: Path, variables: dict[str, str]) -> "subprocess.Popen[bytes]":
    """A session of simulated sensors, once it can be connected to."""
    command = [sys.executable, "-m", "mocamba", "capture", "--imu", "simulated", "--folder", str(work / "takes")]
    command += ["--calibration", "sequence"]  # the simulated performer goes through the prompts
    with (work / "session.log").open("wb") as log:
        running = subprocess.Popen(command, env=variables, stdout=log, stderr=log)
    while not (work / "link.json").exists() and running.poll() is None:
        time.sleep(0.1)
    return running


if __name__ == "__main__":
    sys.exit(main())
