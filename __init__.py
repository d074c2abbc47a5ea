"""Mocamba: motion capture for Blender from six body-worn sensors, a webcam, or both."""

__version__ = "0.1.0"


def register() -> None:
    """Called by Blender when the add-on is switched on."""
    from .addon.entry import register as register_addon

    register_addon()


def unregister() -> None:
    """Called by Blender when the add-on is switched off."""
    from .addon.entry import unregister as unregister_addon

    unregister_addon()
