"""Text lines from any Arduino or ESP32: `docs/devices.md` has the format and a firmware sketch."""
