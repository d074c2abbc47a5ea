"""Mocamba under its own name: Blender names the folder that it lies in, and the engine's Python needs `mocamba`."""

from pathlib import Path

__path__ = [str(Path(__file__).resolve().parents[3])]
exec(compile(Path(__path__[0], "__init__.py").read_text("utf-8"), "mocamba", "exec"))
