"""Started by a Python that has bpy, or by Blender itself: loads this checkout as `mocamba` and runs one job.

The folder may have any name and need not be installed; nothing is added to the module search path.
"""

import importlib
import importlib.util
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def load_package() -> None:
    """Make `ROOT` importable as `mocamba`."""
    spec = importlib.util.spec_from_file_location(
        "mocamba", ROOT / "__init__.py", submodule_search_locations=[str(ROOT)]
    )
    if spec is None or spec.loader is None:
        raise ImportError(f"{ROOT} holds no package")
    package = importlib.util.module_from_spec(spec)
    sys.modules["mocamba"] = package
    spec.loader.exec_module(package)


if __name__ == "__main__":
    load_package()
    importlib.import_module("mocamba.rig.blender.child").main(sys.argv[-1])
