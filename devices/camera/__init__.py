"""Cameras, and what can be read like one: addresses on the network, video files, sequences of pictures."""
