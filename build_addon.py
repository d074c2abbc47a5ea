"""Makes the Blender extension from this tree: `python build_addon.py`. Needs Python 3.11 and nothing else.

The same tree gives the same bytes. With --weights DIR the networks' weights in DIR that the add-on does not carry are
packed into a second file, with their checksums. With --link an installed Blender uses this checkout itself.
"""

import argparse
import hashlib
import os
import subprocess
import sys
import tomllib
import zipfile
from collections.abc import Iterable
from pathlib import Path

from tools.extension_manifest import faults_of

ROOT = Path(__file__).resolve().parent
MANIFEST = ROOT / "blender_manifest.toml"
ROOMS = ("addon", "capture", "devices", "inference", "panel", "rig")
ALONE = ("__init__.py", "__main__.py", "blender_manifest.toml", "pyproject.toml", "LICENSE")
KINDS = {".py", ".npz", ".safetensors", ".md", ".png", ".json", ".txt", ".toml"}
COMPILED = {".so", ".pyd", ".dll", ".dylib", ".pyc"}
# Weights in the add-on, so that whatever is captured with works from one file; others come apart
CARRIED = ("hiposer-s", "posemamba-s", "posemamba-s-causal", "vimcan-t-causal")
EPOCH = (1980, 1, 1, 0, 0, 0)  # the first date that a zip can hold
MOST = 10_000_000  # bytes


def main() -> int:
    """Exit code 2 where the tree cannot be made into an add-on."""
    wish = _arguments()
    if faults := faults_of(MANIFEST):
        return _refuse("\n".join(faults))
    version = tomllib.loads(MANIFEST.read_text("utf-8"))["version"]
    if wish.link is not None:
        return _link(wish.link)
    out: Path = wish.output
    out.mkdir(parents=True, exist_ok=True)
    if wish.weights:
        return _pack_weights(wish.weights, out / f"mocamba-weights-{version}.zip")
    made = out / f"mocamba-{version}.zip"
    files = addon_files()
    if bad := [path for path in files if path.suffix in COMPILED]:
        return _refuse(f"{bad[0]} is compiled; one zip has to serve every system.")
    write_zip(made, {path.relative_to(ROOT).as_posix(): path.read_bytes() for path in files})
    return _tell(made)


def addon_files() -> list[Path]:
    """What the zip holds, in the order of its names."""
    found = [ROOT / name for name in ALONE]
    for room in ROOMS:
        found += [path for path in (ROOT / room).rglob("*") if path.suffix in KINDS | COMPILED and _wanted(path)]
    return sorted(found, key=lambda path: path.relative_to(ROOT).as_posix())


def _wanted(path: Path) -> bool:
    if path.suffix == ".safetensors" and path.stem not in CARRIED:
        return False
    return path.is_file() and "__pycache__" not in path.parts


def write_zip(made: Path, files: dict[str, bytes]) -> None:
    """Deterministic: names sorted, no times, no rights of this machine; whole or not at all."""
    part = made.with_suffix(".part")
    with zipfile.ZipFile(part, "w") as archive:
        for name in sorted(files):
            entry = zipfile.ZipInfo(name, EPOCH)
            entry.compress_type, entry.create_system, entry.external_attr = zipfile.ZIP_DEFLATED, 3, 0o644 << 16
            archive.writestr(entry, files[name], compresslevel=9)
    part.replace(made)


def _pack_weights(folder: Path, made: Path) -> int:
    files = [path for path in sorted(folder.glob("*.safetensors")) if path.stem not in CARRIED]
    if not files:
        return _refuse(f"{folder} holds no weights but those the add-on carries already.")
    held = {path.name: path.read_bytes() for path in files}
    sums = [f"{hashlib.sha256(content).hexdigest()}  {name}\n" for name, content in held.items()]
    write_zip(made, {**held, "SHA256SUMS": "".join(sums).encode()})
    return _tell(made, most=None)


def _link(blender: str) -> int:
    """Point the extension's folder of the installed `blender` to this checkout."""
    code = "import bpy; print('EXTENSIONS', bpy.utils.user_resource('EXTENSIONS', path='user_default', create=True))"
    try:
        done = subprocess.run(
            [blender, "--background", "--python-expr", code], capture_output=True, text=True, check=False
        )
    except OSError as error:
        return _refuse(f"{blender} cannot be started ({error.strerror}). Name Blender's program file after --link.")
    lines = [line for line in done.stdout.splitlines() if line.startswith("EXTENSIONS ")]
    if not lines:
        return _refuse(f"{blender} does not say where its extensions are:\n{done.stdout[-500:]}{done.stderr[-500:]}")
    link = Path(lines[0].removeprefix("EXTENSIONS ")) / "mocamba"
    if link.exists() and not link.is_symlink():
        return _refuse(f"{link} is there already. Remove the installed add-on in Blender first.")
    link.unlink(missing_ok=True)
    if sys.platform == "win32":  # a symbolic link there needs a right that few have, a junction none
        subprocess.run(["cmd", "/c", "mklink", "/J", str(link), str(ROOT)], check=True, stdout=subprocess.DEVNULL)
    else:
        link.symlink_to(ROOT, target_is_directory=True)
    print(f"{link} is this checkout. Switch Mocamba on in Blender's preferences, under Add-ons.")  # noqa: T201
    return 0


def _tell(made: Path, most: int | None = MOST) -> int:
    content = made.read_bytes()
    if most is not None and len(content) > most:
        return _refuse(f"{made} has {len(content) / 1e6:.1f} MB; {most / 1e6:.0f} MB is the limit.")
    print(f"{made}  {len(content) / 1e6:.2f} MB  sha256 {hashlib.sha256(content).hexdigest()}")  # noqa: T201
    return 0


def _refuse(text: str) -> int:
    sys.stderr.write(text + "\n")
    return 2


def _arguments(given: Iterable[str] | None = None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", maxsplit=1)[0])
    parser.add_argument("--output", type=Path, default=ROOT / "dist", metavar="DIR", help="where the zip goes")
    parser.add_argument("--weights", type=Path, metavar="DIR", help="pack the other networks' weights in DIR instead")
    parser.add_argument(
        "--link", nargs="?", const=os.environ.get("MOCAMBA_BLENDER", "blender"), metavar="BLENDER",
        help="let an installed Blender (its program file) use this checkout",
    )  # fmt: skip
    return parser.parse_args(None if given is None else list(given))


if __name__ == "__main__":
    sys.exit(main())
