"""Contact sheets and movies of a baked performer, on any machine: Cycles on the CPU needs no GPU and no display."""

from collections.abc import Callable
from pathlib import Path

import bpy
import numpy as np
from numpy.typing import NDArray

from ..errors import MissingToolError
from ..motion import Motion
from ..quaternion import Array
from .action import FIRST_FRAME, curves_for, write_curves
from .stage import LENS, SENSOR, Stage

Progress = Callable[[float, str], None]

COLUMNS, ROWS = 6, 2
TILE = (320, 400)
MOVIE = (512, 384)
SHEET_SAMPLES, MOVIE_SAMPLES = 12, 2
UNDENOISED = 3  # times more samples where there is no denoiser
FLESH = 0.16  # metres that the body reaches beyond its joints
FOLLOW = 0.5  # seconds over which the movie's camera averages the performer's place
INK = (0.015, 0.02, 0.03)


def render_sheet(stage: Stage, motion: Motion, path: Path, progress: Progress) -> None:
    """Write a PNG of `COLUMNS * ROWS` moments spread evenly over `motion`, with their times."""
    _set_up(TILE, SHEET_SAMPLES)
    caption = _add_caption(stage)
    moments = np.unique(np.linspace(0, len(motion) - 1, COLUMNS * ROWS).round().astype(int))
    places = _camera_places(stage, motion.joint_positions()[moments], TILE[0] / TILE[1])
    sheet = np.ones((ROWS, TILE[1], COLUMNS, TILE[0], 4), np.float32)
    for k, moment in enumerate(moments):
        progress(k / len(moments), f"rendering moment {k + 1} of {len(moments)}")
        bpy.context.scene.frame_set(FIRST_FRAME + int(moment))
        stage.camera.location = places[k]
        caption.body = f"{(motion.t_ns[moment] - motion.t_ns[0]) / 1e9:.2f} s"
        sheet[k // COLUMNS, :, k % COLUMNS] = _rendered(path.with_name(f"tile{k}.png"))
    _save(sheet.reshape(ROWS * TILE[1], COLUMNS * TILE[0], 4), path)


def render_movie(stage: Stage, motion: Motion, path: Path, progress: Progress) -> None:
    """Write an H.264 MP4 of the whole motion at the scene's rate, the camera following the performer."""
    _set_up(MOVIE, MOVIE_SAMPLES)
    _choose_mp4()
    places = _camera_places(stage, motion.joint_positions(), MOVIE[0] / MOVIE[1], round(FOLLOW * motion.rate))
    curves = curves_for(stage.camera, bpy.data.actions.new("Camera"))
    frames = np.arange(FIRST_FRAME, FIRST_FRAME + len(motion), dtype=np.float32)
    write_curves(curves, "location", "Camera", frames, places)
    scene = bpy.context.scene

    def report(*_: object) -> None:
        done = scene.frame_current - FIRST_FRAME + 1
        progress(done / len(motion), f"rendering frame {done} of {len(motion)}")

    bpy.app.handlers.render_post.append(report)
    scene.render.filepath = str(path)
    bpy.ops.render.render(animation=True)
    bpy.app.handlers.render_post.remove(report)


def _set_up(size: tuple[int, int], samples: int) -> None:
    scene = bpy.context.scene
    scene.render.engine = "CYCLES"
    scene.render.resolution_x, scene.render.resolution_y = size
    scene.render.resolution_percentage = 100
    scene.view_settings.view_transform = "Standard"
    cycles = scene.cycles
    cycles.device = "CPU"
    cycles.samples = samples
    cycles.use_adaptive_sampling = False
    cycles.max_bounces = 2
    try:
        cycles.denoiser = "OPENIMAGEDENOISE"
    except TypeError:  # some distributions build Blender without it
        cycles.use_denoising = False
        cycles.samples = samples * UNDENOISED
        return
    cycles.use_denoising = True
    # without prefiltered guides and at the fast setting denoising takes 0.1 s a tile instead of 1.2 s
    cycles.denoising_prefilter = "NONE"
    if hasattr(cycles, "denoising_quality"):
        cycles.denoising_quality = "FAST"


def _choose_mp4() -> None:
    settings, ffmpeg = bpy.context.scene.render.image_settings, bpy.context.scene.render.ffmpeg
    try:
        if hasattr(settings, "media_type"):  # 5.0 asks for the kind of file first
            settings.media_type = "VIDEO"
        settings.file_format = "FFMPEG"
    except TypeError as error:
        text = (
            "This Blender was built without FFmpeg and cannot write movies. Render a .png, or use Blender's own build."
        )
        raise MissingToolError(text) from error
    ffmpeg.format, ffmpeg.codec = "MPEG4", "H264"
    ffmpeg.constant_rate_factor = "HIGH"


def _camera_places(stage: Stage, positions: NDArray[np.float32], aspect: float, follow: int = 0) -> Array:
    """Camera places `(T, 3)`, from one distance, that hold the body at every moment of `positions (T, 24, 3)`.

    The camera looks at the body's middle, averaged over `follow` frames to either side, at one height.
    """
    world = np.stack([positions[..., 0], -positions[..., 2], positions[..., 1]], axis=-1).astype(np.float64)
    centres = _smoothed((world.min(axis=1) + world.max(axis=1)) / 2, follow)
    centres[:, 2] = (min(float(world[..., 2].min()), 0.0) + float(world[..., 2].max())) / 2
    distance = stage.distance_to_see(world - centres[:, None], FLESH, aspect)
    return centres - stage.direction * distance


def _smoothed(track: Array, width: int) -> Array:
    """Moving average over `width` frames to either side, shorter at the ends."""
    sums = np.concatenate([np.zeros((1, track.shape[1])), np.cumsum(track, axis=0)])
    first = np.maximum(np.arange(len(track)) - width, 0)
    last = np.minimum(np.arange(len(track)) + width + 1, len(track))
    average: Array = (sums[last] - sums[first]) / (last - first)[:, None]
    return average


def _add_caption(stage: Stage) -> bpy.types.TextCurve:
    """A line of text at the lower left, one metre in front of the camera."""
    text = bpy.data.curves.new("Caption", "FONT")
    height = SENSOR / LENS  # of the picture at one metre
    text.size = 0.055 * height
    material = bpy.data.materials.new("Ink")
    if not material.node_tree:
        material.use_nodes = True
    nodes = material.node_tree.nodes
    emission = nodes.new("ShaderNodeEmission")
    emission.inputs["Color"].default_value = (*INK, 1)
    material.node_tree.links.new(emission.outputs["Emission"], nodes["Material Output"].inputs["Surface"])
    text.materials.append(material)
    caption = bpy.data.objects.new("Caption", text)
    bpy.context.scene.collection.objects.link(caption)
    caption.parent = stage.camera
    caption.location = (-0.46 * height * TILE[0] / TILE[1], -0.465 * height, -1)
    return text


def _rendered(path: Path) -> NDArray[np.float32]:
    """Pixels `(height, width, 4)` of the scene as it stands, bottom row first."""
    bpy.context.scene.render.filepath = str(path)
    bpy.ops.render.render(write_still=True)
    image = bpy.data.images.load(str(path))
    pixels = np.empty(TILE[0] * TILE[1] * 4, np.float32)
    image.pixels.foreach_get(pixels)
    bpy.data.images.remove(image)
    return pixels.reshape(TILE[1], TILE[0], 4)


def _save(pixels: NDArray[np.float32], path: Path) -> None:
    """Write rows given top tile first; inside a tile the bottom row comes first, as everywhere in Blender."""
    height, width = pixels.shape[:2]
    rows = pixels.reshape(ROWS, TILE[1], width, 4)[::-1].reshape(height, width, 4)
    image = bpy.data.images.new("Sheet", width, height, alpha=False)
    image.pixels.foreach_set(np.ascontiguousarray(rows).ravel())
    image.filepath_raw, image.file_format = str(path), "PNG"
    image.save()
