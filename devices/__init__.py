"""Drivers and log readers for sensors and cameras, one folder a family."""
