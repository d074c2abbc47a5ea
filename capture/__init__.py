"""The session: clock, calibration, takes and the solves made from them; no Qt, no bpy, no torch."""
