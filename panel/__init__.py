"""The control panel: a window over a capture session. Imports PySide6; nothing but its command imports it."""
