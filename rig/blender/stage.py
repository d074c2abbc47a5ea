"""Floor, light and camera around a baked performer."""

from dataclasses import dataclass

import bpy
import numpy as np
from mathutils import Vector
from numpy.typing import NDArray

from ..motion import Motion
from ..quaternion import Array, heading
from .body_mesh import matte

FLOOR = (0.50, 0.51, 0.53)
TILE = (0.42, 0.43, 0.45)
SKY = (0.80, 0.84, 0.90)
LENS, SENSOR = 60.0, 36.0  # mm; long enough not to distort the body
FILLED = 0.92  # share of the picture that the body may reach into
TURN = np.radians(32)  # the camera stands this far to the performer's left of straight ahead
DOWN = np.radians(9)


@dataclass(frozen=True)
class Stage:
    """`camera` looks along `direction (3,)`, in Blender's world."""

    camera: bpy.types.Object
    direction: NDArray[np.float64]

    def distance_to_see(self, reach: Array, flesh: float, aspect: float) -> float:
        """Metres from what is looked at to see points `reach (..., 3)` about it with `flesh` metres around them."""
        seen = np.minimum([aspect, 1 / aspect], 1.0) * SENSOR / LENS * FILLED  # metres per metre of distance
        upwards = np.cross(self.right, self.direction)
        across = np.abs(np.stack([reach @ self.right, reach @ upwards], axis=-1)) + flesh
        return float(np.max(2 * across / seen - (reach @ self.direction)[..., None]))

    @property
    def right(self) -> NDArray[np.float64]:
        """Direction `(3,)` to the right of the picture."""
        across: NDArray[np.float64] = np.cross(self.direction, [0.0, 0.0, 1.0]) / np.cos(DOWN)
        return across


def add_stage(motion: Motion) -> Stage:
    """Add a chequered floor, a soft sun and a camera that faces the performer's first pose."""
    _add_floor(motion)
    light = bpy.data.lights.new("Sun", "SUN")
    light.energy, light.angle = 3.2, np.radians(12)
    sun = bpy.data.objects.new("Sun", light)
    facing = float(heading(motion.rotations[0, 0]))
    sun.rotation_euler = (np.radians(42), 0, facing + np.radians(-35))
    camera = bpy.data.objects.new("Camera", bpy.data.cameras.new("Camera"))
    camera.data.lens = LENS
    camera.rotation_euler = (np.pi / 2 - DOWN, 0, facing + TURN)
    for thing in (sun, camera):
        bpy.context.scene.collection.objects.link(thing)
    bpy.context.scene.camera = camera
    _light_sky()
    direction = np.array(camera.rotation_euler.to_matrix() @ Vector((0, 0, -1)))
    return Stage(camera, direction)


def _add_floor(motion: Motion) -> None:
    half = 30.0 + float(np.abs(motion.translation).max())
    mesh = bpy.data.meshes.new("Floor")
    mesh.from_pydata([(-half, -half, 0), (half, -half, 0), (half, half, 0), (-half, half, 0)], [], [(0, 1, 2, 3)])
    material = matte("Floor", FLOOR)
    nodes, links = material.node_tree.nodes, material.node_tree.links
    place, chequer = nodes.new("ShaderNodeTexCoord"), nodes.new("ShaderNodeTexChecker")
    chequer.inputs["Scale"].default_value = 2.0  # half a metre a square
    chequer.inputs["Color1"].default_value, chequer.inputs["Color2"].default_value = (*FLOOR, 1), (*TILE, 1)
    links.new(place.outputs["Object"], chequer.inputs["Vector"])
    links.new(chequer.outputs["Color"], nodes["Principled BSDF"].inputs["Base Color"])
    mesh.materials.append(material)
    bpy.context.scene.collection.objects.link(bpy.data.objects.new("Floor", mesh))


def _light_sky() -> None:
    world = bpy.context.scene.world or bpy.data.worlds.new("World")
    bpy.context.scene.world = world
    if not world.node_tree:
        world.use_nodes = True
    background = world.node_tree.nodes["Background"]
    background.inputs["Color"].default_value = (*SKY, 1)
    background.inputs["Strength"].default_value = 0.75
