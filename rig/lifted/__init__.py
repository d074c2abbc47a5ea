"""From 17 joint positions, as cameras and lifting networks give them, to the rotations of a SMPL-24 body."""
