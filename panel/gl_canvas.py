"""The 3D view on a GPU: the body is skinned by the vertex shader, so that a frame costs 24 matrices."""

from typing import Any

import numpy as np
from numpy.typing import NDArray
from PySide6.QtGui import QOpenGLContext, QSurfaceFormat
from PySide6.QtOpenGL import (
    QOpenGLBuffer,
    QOpenGLShader,
    QOpenGLShaderProgram,
    QOpenGLVersionFunctionsFactory,
    QOpenGLVersionProfile,
    QOpenGLVertexArrayObject,
)
from PySide6.QtOpenGLWidgets import QOpenGLWidget
from PySide6.QtWidgets import QWidget
from shiboken6 import VoidPtr

from .scene import Colour, Scene

VERSION = (3, 3)
FLOAT, UNSIGNED, TRIANGLES, LINES, LINE_STRIP = 0x1406, 0x1405, 0x0004, 0x0001, 0x0003
DEPTH_TEST, BLEND, COLOUR_AND_DEPTH = 0x0B71, 0x0BE2, 0x4100
SOURCE_ALPHA, REST_OF_ALPHA = 0x0302, 0x0303
STRIDE = 14 * 4  # bytes a vertex: place, normal, joints, weights

BODY = """#version 330 core
uniform mat4 camera; uniform vec4 bones[72];
in vec3 place; in vec3 normal; in vec4 joints; in vec4 weights;
out vec3 facing;
void main() {
    vec4 rows[3] = vec4[3](vec4(0), vec4(0), vec4(0));
    for (int k = 0; k < 4; k++)
        for (int row = 0; row < 3; row++)
            rows[row] += weights[k] * bones[3 * int(joints[k]) + row];
    vec4 here = vec4(place, 1);
    facing = vec3(dot(rows[0].xyz, normal), dot(rows[1].xyz, normal), dot(rows[2].xyz, normal));
    gl_Position = camera * vec4(dot(rows[0], here), dot(rows[1], here), dot(rows[2], here), 1);
}"""
SKIN = """#version 330 core
uniform vec3 light; uniform vec3 skin;
in vec3 facing; out vec4 colour;
void main() { colour = vec4(skin * (0.32 + 0.68 * max(dot(normalize(facing), light), 0.0)), 1); }"""
LINE = """#version 330 core
uniform mat4 camera; in vec3 place; in float strength; out float alpha;
void main() { alpha = strength; gl_Position = camera * vec4(place, 1); }"""
INK = """#version 330 core
uniform vec3 ink; in float alpha; out vec4 colour;
void main() { colour = vec4(ink, alpha); }"""


def surface_format(samples: int) -> QSurfaceFormat:
    """What a view asks of the system; `samples` smooth edges."""
    wanted = QSurfaceFormat()
    wanted.setVersion(*VERSION)
    wanted.setProfile(QSurfaceFormat.OpenGLContextProfile.CoreProfile)
    wanted.setDepthBufferSize(24)
    wanted.setSamples(samples)
    return wanted


class GlCanvas(QOpenGLWidget):
    """Draws the newest `scene`."""

    def __init__(self, parent: QWidget | None = None, samples: int = 4) -> None:
        super().__init__(parent)
        self.setFormat(surface_format(samples))
        self._scene: Scene | None = None
        self._loaded: object = None  # the body whose vertices the GPU has
        self._count = 0

    def show_scene(self, scene: Scene) -> None:
        """From now on."""
        self._scene = scene
        self.update()

    def initializeGL(self) -> None:
        profile = QOpenGLVersionProfile()
        profile.setVersion(*VERSION)
        profile.setProfile(QSurfaceFormat.OpenGLContextProfile.CoreProfile)
        # its functions are not in the stubs
        self._gl: Any = QOpenGLVersionFunctionsFactory.get(profile, QOpenGLContext.currentContext())
        self._gl.initializeOpenGLFunctions()
        self._body_program = self._program(BODY, SKIN)
        self._line_program = self._program(LINE, INK)
        self._body_state, self._line_state = QOpenGLVertexArrayObject(), QOpenGLVertexArrayObject()
        self._body_state.create()
        self._line_state.create()
        kinds = QOpenGLBuffer.Type
        self._vertices, self._lines = QOpenGLBuffer(kinds.VertexBuffer), QOpenGLBuffer(kinds.VertexBuffer)
        self._indices = QOpenGLBuffer(kinds.IndexBuffer)
        for buffer in (self._vertices, self._indices, self._lines):
            buffer.create()
        self._loaded = None
        self.context().aboutToBeDestroyed.connect(self._let_go)

    def _program(self, vertex: str, fragment: str) -> QOpenGLShaderProgram:
        program = QOpenGLShaderProgram()
        program.addShaderFromSourceCode(QOpenGLShader.ShaderTypeBit.Vertex, vertex)
        program.addShaderFromSourceCode(QOpenGLShader.ShaderTypeBit.Fragment, fragment)
        program.link()
        return program

    def _let_go(self) -> None:
        self.makeCurrent()
        for buffer in (self._vertices, self._indices, self._lines):
            buffer.destroy()
        for state in (self._body_state, self._line_state):
            state.destroy()
        del self._body_program, self._line_program
        self.doneCurrent()

    def paintGL(self) -> None:
        scene, gl = self._scene, self._gl
        if scene is None:
            return
        gl.glClearColor(*(part / 255 for part in scene.look.background), 1.0)
        gl.glClear(COLOUR_AND_DEPTH)
        gl.glEnable(DEPTH_TEST)
        gl.glEnable(BLEND)
        gl.glBlendFunc(SOURCE_ALPHA, REST_OF_ALPHA)
        camera = scene.orbit.projection(self.width() / max(1, self.height())) @ scene.orbit.view()
        self._draw_body(scene, camera)
        self._draw_lines(scene.grid(), scene.look.floor, LINES, camera, faded=False)
        for trail, colour in zip(scene.trails, scene.look.trails, strict=True):
            if len(trail) > 1:
                self._draw_lines(trail, colour, LINE_STRIP, camera, faded=True)

    def _draw_body(self, scene: Scene, camera: NDArray[np.float32]) -> None:
        program, gl = self._body_program, self._gl
        program.bind()
        self._body_state.bind()
        if self._loaded is not scene.body:
            self._load(scene)
        self._set_camera(program, camera)
        gl.glUniform4fv(program.uniformLocation("bones"), 72, scene.bones.ravel().tolist())
        gl.glUniform3f(program.uniformLocation("light"), *scene.light().tolist())
        gl.glUniform3f(program.uniformLocation("skin"), *(part / 255 for part in scene.look.skin))
        gl.glDrawElements(TRIANGLES, self._count, UNSIGNED, VoidPtr(0))
        self._body_state.release()
        program.release()

    def _load(self, scene: Scene) -> None:
        body = scene.body
        rows = np.concatenate([body.vertices, body.normals, body.joints.astype(np.float32), body.weights], axis=1)
        self._vertices.bind()
        self._vertices.allocate(np.ascontiguousarray(rows, np.float32).tobytes(), rows.size * 4)
        self._indices.bind()
        self._indices.allocate(body.triangles.tobytes(), body.triangles.nbytes)
        self._attributes(self._body_program, (("place", 3), ("normal", 3), ("joints", 4), ("weights", 4)))
        self._loaded, self._count = body, body.triangles.size

    @staticmethod
    def _attributes(program: QOpenGLShaderProgram, parts: tuple[tuple[str, int], ...]) -> None:
        stride, offset = 4 * sum(size for _, size in parts), 0
        for name, size in parts:
            place = program.attributeLocation(name)
            program.enableAttributeArray(place)
            program.setAttributeBuffer(place, FLOAT, offset, size, stride)
            offset += 4 * size

    def _set_camera(self, program: QOpenGLShaderProgram, camera: NDArray[np.float32]) -> None:
        self._gl.glUniformMatrix4fv(program.uniformLocation("camera"), 1, 1, camera.ravel().tolist())

    def _draw_lines(
        self, points: NDArray[np.float32], colour: Colour, kind: int, camera: NDArray[np.float32], *, faded: bool
    ) -> None:
        strength = np.linspace(0, 1, len(points)) if faded else np.full(len(points), 0.8)
        rows = np.concatenate([points, strength[:, None]], axis=1).astype(np.float32)
        program = self._line_program
        program.bind()
        self._line_state.bind()
        self._lines.bind()
        self._lines.allocate(rows.tobytes(), rows.nbytes)
        self._attributes(program, (("place", 3), ("strength", 1)))
        self._set_camera(program, camera)
        self._gl.glUniform3f(program.uniformLocation("ink"), *(part / 255 for part in colour))
        self._gl.glDrawArrays(kind, 0, len(points))
        self._line_state.release()
        program.release()
