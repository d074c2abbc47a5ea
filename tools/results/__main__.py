"""Writes the tables and draws the pictures of docs/results.md and docs/networks: python -m mocamba.tools.results

Replaces what stands between `<!-- table: NAME -->` and `<!-- end -->` by what the benchmarks left in docs/networks and
docs/training. With --check nothing is written; the exit code is 1 where a page or a picture is older than its figures.
"""

import argparse
import sys
from pathlib import Path

from ...rig.errors import MocambaError
from ...rig.whole_file import whole_file
from .page import pages
from .pictures import draw, is_current

DOCS = Path(__file__).resolve().parents[2] / "docs"


def main() -> int:
    """See the module's docstring."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--docs", type=Path, default=DOCS)
    parser.add_argument("--check", action="store_true")
    arguments = parser.parse_args()
    try:
        old = outdated(arguments.docs) if arguments.check else write(arguments.docs)
    except MocambaError as error:
        sys.stderr.write(f"{error}\n")
        return error.exit_code
    sys.stdout.write("".join(f"{path}\n" for path in old) or "All as measured.\n")
    return int(arguments.check and bool(old))


def outdated(docs: Path) -> list[Path]:
    """Pages and pictures that do not say what was measured."""
    found = pages(docs)
    texts = [page.path for page in found if page.path.read_text(encoding="utf-8") != page.text]
    pictures = {path: picture for page in found for path, picture in page.pictures.items()}
    return [*texts, *(path for path, picture in pictures.items() if not is_current(picture, path))]


def write(docs: Path) -> list[Path]:
    """Bring them up to date; what was changed."""
    found = {page.path: page for page in pages(docs)}
    pictures = {path: picture for page in found.values() for path, picture in page.pictures.items()}
    old = outdated(docs)
    for path in old:
        if path in pictures:
            draw(pictures[path], path)
        else:
            with whole_file(path) as part:
                part.write_text(found[path].text, encoding="utf-8")
    return old


if __name__ == "__main__":
    sys.exit(main())
