"""The free body as a mesh that follows the armature."""

import bpy
import numpy as np

from ..body import Body, fitted_to, load_body
from ..skeleton import JOINTS, Skeleton, joint

# Linear RGB. A training suit, and skin left plain like a mannequin's.
SUIT = (0.022, 0.075, 0.13)
SKIN = (0.56, 0.40, 0.31)
BARE_ATTRIBUTE = "bare"
BARE = [joint(name) for name in ("head", "left_wrist", "right_wrist", "left_hand", "right_hand")]
BARE += [joint(name) for name in ("left_ankle", "right_ankle", "left_foot", "right_foot")]


def add_body(armature: bpy.types.Object, skeleton: Skeleton) -> bpy.types.Object:
    """Add the body, stretched to `skeleton`, as a child of `armature` that was built from it."""
    body = fitted_to(load_body(), skeleton)
    mesh = bpy.data.meshes.new("Body")
    standing = body.vertices + np.array([0, skeleton.pelvis_height, 0], np.float32)
    mesh.from_pydata(standing.tolist(), [], body.quads.tolist())
    mesh.polygons.foreach_set("use_smooth", np.ones(len(body.quads), bool))
    thing = bpy.data.objects.new("Body", mesh)
    bpy.context.scene.collection.objects.link(thing)
    thing.parent = armature
    _weigh(thing, body)
    _dress(mesh, body)
    modifier = thing.modifiers.new("Armature", "ARMATURE")
    modifier.object = armature
    return thing


def _weigh(thing: bpy.types.Object, body: Body) -> None:
    """Vertex groups named after the bones; vertices of one weight go in together."""
    for index, name in enumerate(JOINTS):
        group = thing.vertex_groups.new(name=name)
        vertices, slots = np.nonzero((body.joints == index) & (body.weights > 0))
        weights = body.weights[vertices, slots]
        for weight in np.unique(weights):
            group.add(vertices[weights == weight].tolist(), float(weight), "REPLACE")


def _dress(mesh: bpy.types.Mesh, body: Body) -> None:
    """Colour by a vertex attribute rather than by face, so that the suit's seams are smooth lines."""
    bare = np.sum(body.weights * np.isin(body.joints, BARE), axis=1)
    mesh.attributes.new(BARE_ATTRIBUTE, "FLOAT", "POINT").data.foreach_set("value", bare.astype(np.float32))
    material = matte("Suit and skin", SUIT)
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
