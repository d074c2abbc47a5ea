"""Mocamba: motion capture for Blender from six body-worn sensors, a webcam, or both."""

__version__ = "0.1.0"
