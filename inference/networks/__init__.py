"""The pose networks, one file each."""
