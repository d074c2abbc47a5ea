"""SMPL-24 motion on other rigs, and back. numpy alone."""
