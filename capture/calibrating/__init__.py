"""Calibration while the sensors send: one sequence of prompts, fed sample by sample, that checks itself."""
