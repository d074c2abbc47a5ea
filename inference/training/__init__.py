"""Training of the pose networks on freely licensed motion. Needs the `train` extra."""
