"""Xsens (Movella) DOT sensors."""
