"""The rig in Blender: armature, skinned body, bake and render. Needs bpy."""
