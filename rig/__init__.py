"""Skeletons, rotations, kinematics and file formats; numpy alone (bpy only under `rig.blender`)."""
