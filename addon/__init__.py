"""The Blender add-on: panels and operators over the link, takes and the rig. Needs bpy, never torch."""
