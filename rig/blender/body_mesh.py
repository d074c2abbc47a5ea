"""The free body as a mesh that follows the armature."""

from collections.abc import Sequence
from typing import Any

import bpy
import numpy as np
from numpy.typing import NDArray

from ..body import Body, fitted_to, load_body
from ..quaternion import Array
from ..skeleton import JOINTS, Skeleton, joint

# Linear RGB. A training suit, and skin left plain like a mannequin's.
SUIT = (0.022, 0.075, 0.13)
SKIN = (0.56, 0.40, 0.31)
SOLID = (0.24, 0.36, 0.45)  # in viewports without materials, where the whole body has one colour
BARE_ATTRIBUTE = "bare"
BARE = [joint(name) for name in ("head", "left_wrist", "right_wrist", "left_hand", "right_hand")]
BARE += [joint(name) for name in ("left_ankle", "right_ankle", "left_foot", "right_foot")]


def add_body(armature: bpy.types.Object, skeleton: Skeleton, build: float = 1.0) -> bpy.types.Object:
    """Add the body, stretched to `skeleton` and of girth `build`, as a child of `armature` that was built from it."""
    body = fitted_to(load_body(), skeleton, build)
    standing = body.vertices + np.array([0, skeleton.pelvis_height, 0], np.float32)
    thing = add_skinned_mesh(armature, "Body", standing, body.quads)
    weigh(thing, JOINTS, body.joints, body.weights)
    _dress(thing.data, body)
    return thing


def add_skinned_mesh(armature: bpy.types.Object, name: str, vertices: Array, faces: NDArray[Any]) -> bpy.types.Object:
    """A smooth mesh of `vertices (V, 3)` and `faces (F, n)` in the space of `armature`, which moves it."""
    mesh = bpy.data.meshes.new(name)
    mesh.from_pydata(vertices.tolist(), [], faces.tolist())
    mesh.polygons.foreach_set("use_smooth", np.ones(len(faces), bool))
    thing = bpy.data.objects.new(name, mesh)
    bpy.context.scene.collection.objects.link(thing)
    thing.parent = armature
    modifier = thing.modifiers.new("Armature", "ARMATURE")
    modifier.object = armature
    return thing


def weigh(thing: bpy.types.Object, bones: Sequence[str], joints: NDArray[np.integer[Any]], weights: Array) -> None:
    """Vertex groups named after `bones`, from `joints (V, n)` and `weights (V, n)`; vertices of one weight together."""
    for index, name in enumerate(bones):
        group = thing.vertex_groups.new(name=name)
        vertices, slots = np.nonzero((joints == index) & (weights > 0))
        shares = weights[vertices, slots]
        for share in np.unique(shares):
            group.add(vertices[shares == share].tolist(), float(share), "REPLACE")


def _dress(mesh: bpy.types.Mesh, body: Body) -> None:
    """Colour by a vertex attribute rather than by face, so that the suit's seams are smooth lines."""
    bare = np.sum(body.weights * np.isin(body.joints, BARE), axis=1)
    mesh.attributes.new(BARE_ATTRIBUTE, "FLOAT", "POINT").data.foreach_set("value", bare.astype(np.float32))
    material = matte("Suit and skin", SUIT)
    material.diffuse_color = (*SOLID, 1)
    nodes, links = material.node_tree.nodes, material.node_tree.links
    attribute, seam = nodes.new("ShaderNodeAttribute"), nodes.new("ShaderNodeValToRGB")
    attribute.attribute_name = BARE_ATTRIBUTE
    for stop, place, colour in zip(seam.color_ramp.elements, (0.48, 0.52), (SUIT, SKIN), strict=True):
        stop.position, stop.color = place, (*colour, 1)
    links.new(attribute.outputs["Fac"], seam.inputs["Fac"])
    links.new(seam.outputs["Color"], nodes["Principled BSDF"].inputs["Base Color"])
    mesh.materials.append(material)
    mesh.update()


def matte(name: str, colour: tuple[float, float, float]) -> bpy.types.Material:
    """A material without shine, the same in the viewport."""
    material = bpy.data.materials.new(name)
    material.diffuse_color = (*colour, 1)
    if not material.node_tree:  # always there from 5.0 on, where asking for it warns
        material.use_nodes = True
    shader = material.node_tree.nodes["Principled BSDF"]
    shader.inputs["Base Color"].default_value = (*colour, 1)
    shader.inputs["Roughness"].default_value = 0.8
    return material
