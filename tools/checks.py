"""Every check of the project, in the order in which they are cheap."""

import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

# the console script of import-linter has no module of that name
LINT_IMPORTS = "from importlinter.cli import lint_imports_command; lint_imports_command()"
CHECKS: dict[str, tuple[str, ...]] = {
    "format": ("-m", "ruff", "format", "--check", "."),
    "lint": ("-m", "ruff", "check", "."),
    "types": ("-m", "mypy", "--strict"),
    "import contracts": ("-c", LINT_IMPORTS),
    "tests": ("-m", "pytest"),
}


def run_checks(python: Path, root: Path, test_arguments: Sequence[str] = ()) -> int:
    """Run all of `CHECKS` in `root`, whatever fails on the way; 0 where none did."""
    link_package(root)
    failed = []
    for name, command in CHECKS.items():
        arguments = [*command, *test_arguments] if name == "tests" else command
        sys.stdout.write(f"== {name}\n")
        sys.stdout.flush()
        started = time.perf_counter()
        if subprocess.run([str(python), *arguments], cwd=root, check=False).returncode:
            failed.append(name)
        if name != "tests":  # whose own last line says it all
            outcome = "FAILED" if name in failed else "fine"
            sys.stdout.write(f"== {name}: {outcome}, {time.perf_counter() - started:.0f} s\n")
    if failed:
        sys.stderr.write(f"Failed: {', '.join(failed)}.\n")
    return 1 if failed else 0


def link_package(root: Path) -> None:
    """`.ns/mocamba` for type checkers, which do not follow editable installs: the checkout under its package's name."""
    link = root / ".ns" / "mocamba"
    if link.exists():
        return
    link.parent.mkdir(exist_ok=True)
    link.unlink(missing_ok=True)
    if sys.platform == "win32":
        # a symbolic link there needs a right that few have, a junction none
        subprocess.run(["cmd", "/c", "mklink", "/J", str(link), str(root)], check=True, stdout=subprocess.DEVNULL)
    else:
        link.symlink_to("..", target_is_directory=True)
