"""Pose networks: definition, training, evaluation and solving."""
