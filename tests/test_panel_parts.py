"""What the panel is made of, without a session: drawing, words, cues, settings, jobs."""

import threading
import time
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("PySide6", reason="PySide6 is not installed")

from hypothesis import given
from hypothesis import strategies as st
from mocamba.capture.calibrating.step import PROMPTS, Step
from mocamba.capture.starting import FACE_FORWARD, QUICK
from mocamba.capture.status import SessionStatus, State
from mocamba.panel import words
from mocamba.panel.body_figure import BodyFigure
from mocamba.panel.device_rows import Level, places, rows, shaken
from mocamba.panel.gl_canvas import GlCanvas
from mocamba.panel.jobs import Job, Report
from mocamba.panel.orbit import Orbit
from mocamba.panel.preferences import Preferences
from mocamba.panel.prompting import Cue, cue, prompt_of
from mocamba.panel.record_box import next_name
from mocamba.panel.scene import Look, Scene
from mocamba.panel.skinned import skinned_body
from mocamba.panel.sounds import RATE, sine
from mocamba.panel.splats import draw_body
from mocamba.panel.theme import DARK, LIGHT
from mocamba.rig.body import fitted_to, load_body, skin
from mocamba.rig.errors import BadInputError
from mocamba.rig.imu import SLOTS
from PySide6.QtCore import QPointF, QSettings
from PySide6.QtGui import QColor, QImage
from pytestqt.qtbot import QtBot

from .panels import calibrating, device, health, live_status, silent_status

LOOK = Look((0, 0, 0), (9, 9, 9), (200, 150, 120), ((0, 0, 255), (255, 0, 0)))
EMPTY = np.zeros((0, 3), np.float32)


def some_pose(seed: int) -> tuple[np.ndarray, np.ndarray]:
    random = np.random.default_rng(seed)
    rotations = np.tile(np.array([1.0, 0, 0, 0]), (24, 1)) + 0.3 * random.normal(size=(24, 4))
    rotations /= np.linalg.norm(rotations, axis=1, keepdims=True)
    return rotations.astype(np.float32), random.normal(size=3).astype(np.float32)


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("height", [None, 1.5, 1.9])
def test_the_body_is_skinned_as_in_rig(seed: int, height: float | None) -> None:
    body = skinned_body(height)
    rotations, translation = some_pose(seed)
    vertices, normals = body.posed(body.bones(rotations, translation))
    np.testing.assert_allclose(vertices, skin(fitted_to(load_body(), body.skeleton), rotations, translation), atol=2e-6)
    assert np.isfinite(normals).all()


def test_normals_point_outward_and_areas_are_the_skins() -> None:
    body = skinned_body()

    def volume(vertices: np.ndarray) -> float:
        a, b, c = (vertices[body.triangles[:, corner]] for corner in range(3))
        return float(np.einsum("fa,fa->", a, np.cross(b, c)) / 6)

    thicker = volume(body.vertices + 0.001 * body.normals) - volume(body.vertices)
    np.testing.assert_allclose(thicker, 0.001 * body.areas.sum(), rtol=0.2)
    assert 1.4 < body.areas.sum() < 2.4  # square metres of an adult


def test_a_body_without_a_gpu_stands_where_it_should() -> None:
    """Filled pixels cover the projected vertices, and nothing far from them."""
    body = skinned_body()
    rest = np.tile(np.array([1, 0, 0, 0], np.float32), (24, 1))
    bones = body.bones(rest, np.array([0, 0.95, 0], np.float32))
    orbit = Orbit(yaw=0, pitch=0, distance=3.0, target=(0, 0.9, 0))
    patch = draw_body(Scene(body, bones, orbit, (EMPTY, EMPTY), LOOK), 400, 400)
    filled = np.zeros((400, 400), bool)
    high, wide = patch.pixels.shape[:2]
    filled[patch.top : patch.top + high, patch.left : patch.left + wide] = patch.pixels[:, :, 3] > 0
    pixels, _ = orbit.pixels(body.posed(bones)[0], 400, 400)
    ys, xs = np.nonzero(filled)
    assert abs(xs.min() - pixels[:, 0].min()) < 8
    assert abs(xs.max() - pixels[:, 0].max()) < 8
    assert abs(ys.max() - pixels[:, 1].max()) < 8
    # no holes: every column of the trunk is filled from shoulder to hip
    trunk = filled[150:200, 190:210]
    assert trunk.all()
    assert not filled[:, :20].any()


def test_opengl_draws_the_same_body(qtbot: QtBot) -> None:
    canvas = GlCanvas(samples=0)
    qtbot.addWidget(canvas)
    canvas.resize(300, 300)
    canvas.show()
    if not canvas.isValid():
        pytest.skip("there is no OpenGL 3.3 here")
    body = skinned_body()
    bones = body.bones(some_pose(4)[0], np.array([0, 0.95, 0], np.float32))
    scene = Scene(body, bones, Orbit(), (EMPTY, EMPTY), Look((0, 0, 0), (0, 0, 0), (250, 250, 250), LOOK.trails))
    canvas.show_scene(scene)
    image = canvas.grabFramebuffer().convertToFormat(QImage.Format.Format_RGB32).scaled(300, 300)
    drawn = np.frombuffer(image.constBits(), np.uint8).reshape(300, 300, 4)[:, :, 1] > 40
    patch = draw_body(scene, 300, 300)
    painted = np.zeros((300, 300), bool)
    high, wide = patch.pixels.shape[:2]
    painted[patch.top : patch.top + high, patch.left : patch.left + wide] = patch.pixels[:, :, 3] > 0
    assert (drawn & painted).sum() / (drawn | painted).sum() > 0.8  # discs reach a little over the edge


@pytest.mark.parametrize("target", [(0.0, 0.9, 0.0), (40.0, 0.9, 0.0)])
def test_a_body_outside_the_picture_is_no_error(target: tuple[float, float, float]) -> None:
    body = skinned_body()
    bones = body.bones(*some_pose(1))
    draw_body(Scene(body, bones, Orbit(target=target, distance=0.7), (EMPTY, EMPTY), LOOK), 64, 48)


@given(st.floats(-720, 720), st.floats(-5, 85), st.floats(0.7, 12), st.floats(-5, 5), st.floats(-5, 5))
def test_the_target_is_in_the_middle_of_the_picture(yaw: float, pitch: float, away: float, x: float, z: float) -> None:
    orbit = Orbit(yaw % 360, pitch, away, (x, 0.9, z))
    pixels, depth = orbit.pixels(np.array([orbit.target], np.float32), 640, 480)
    np.testing.assert_allclose(pixels[0], [320, 240], atol=0.05)
    np.testing.assert_allclose(depth[0], away, rtol=1e-4)
    # the matrices for a GPU say the same
    clip = orbit.projection(640 / 480) @ orbit.view() @ np.array([x, 0.9 + 0.1, z, 1], np.float32)
    above, _ = orbit.pixels(np.array([[x, 1.0, z]], np.float32), 640, 480)
    np.testing.assert_allclose(clip[:2] / clip[3], [above[0, 0] / 320 - 1, 1 - above[0, 1] / 240], atol=1e-3)


def test_orbits_stay_above_the_floor_and_near_enough() -> None:
    orbit = Orbit()
    for _ in range(100):
        orbit = orbit.turned(50, 30).nearer(1.5)
    assert orbit.pitch == 85
    assert orbit.distance == 0.7


def test_each_sensor_is_judged_by_the_worst() -> None:
    assert [row.level for row in rows(live_status())] == [Level.GOOD] * 6
    told = {row.title: row for row in rows(silent_status())}
    assert told["left_shin"].level is Level.BAD
    assert told["left_shin"].state == "silent"
    assert told["dot D4:99"].level is Level.BAD
    assert "not back" in told["dot D4:99"].state
    for changes, words_, level in (
        ({"loss": 0.3}, "loses much", Level.BAD),
        ({"loss": 0.03}, "loses some", Level.WARN),
        ({"battery": 0.05}, "battery low", Level.WARN),
        ({"disturbed": True}, "magnet near", Level.WARN),
        ({"rate": 55.0}, "slow", Level.WARN),
        ({"age": 9.0}, "silent", Level.BAD),
        ({"loss": None, "battery": None, "field": None, "nominal": None}, "good", Level.GOOD),
    ):
        (row,) = rows(SessionStatus(devices=(device([health("head", **changes)]),)))
        assert (row.state, row.level) == (words_, level)


def test_places_are_as_said_and_else_as_names_say() -> None:
    sensors = [health("a"), health("head"), health("left_shin")]
    status = SessionStatus(devices=(device(sensors),), places={"a": "head", "gone": "pelvis"})
    assert places(status) == {"a": "head", "left_shin": "left_shin"}
    doubled = SessionStatus(devices=(device([health("head 1"), health("head 2")]),), places={"head 1": "pelvis"})
    assert places(doubled) == {"head 1": "pelvis", "head 2": "head"}
    assert places(SessionStatus(devices=(device([health("head 1"), health("head 2")]),))) == {}


@pytest.mark.parametrize(
    ("shaking", "expected"),
    [((0.1, 8.0, 0.3), "b"), ((0.1, 1.0, 0.1), ""), ((7.0, 8.0, 0.1), ""), ((0.0, 0.0, 30.0), "c")],
)
def test_the_one_that_is_shaken(shaking: tuple[float, ...], expected: str) -> None:
    sensors = [health(name, shaking=value) for name, value in zip("abc", shaking, strict=True)]
    assert shaken(SessionStatus(devices=(device(sensors),))) == expected


def test_prompts_count_down_while_a_pose_is_held() -> None:
    assert prompt_of(live_status()).text == ""
    held = prompt_of(calibrating(Step.T_POSE, progress=0.4))
    assert (held.text, held.count) == (PROMPTS[Step.T_POSE], "2")
    assert prompt_of(calibrating(Step.T_POSE)).count == ""
    assert prompt_of(calibrating(Step.BOW, progress=0.5)).count == ""


def test_cues() -> None:
    idle, still = SessionStatus(), calibrating(Step.STILL, progress=0.1)
    assert cue(calibrating(Step.STILL), calibrating(Step.HEADING)) is Cue.STEP
    assert cue(still, calibrating(Step.STILL, progress=0.6)) is Cue.TICK
    assert cue(still, still) is None
    assert cue(still, calibrating(Step.STILL, progress=0.1, trouble="Moved.")) is Cue.TROUBLE
    assert cue(still, live_status()) is Cue.DONE
    assert cue(live_status(), live_status(state=State.RECORDING)) is Cue.DONE
    assert cue(live_status(state=State.RECORDING), live_status()) is Cue.STEP
    assert cue(live_status(), live_status(state=State.FAILED)) is Cue.TROUBLE
    assert cue(idle, idle) is None


@pytest.mark.parametrize("one", Cue)
def test_sounds_begin_and_end_in_silence(one: Cue) -> None:
    samples = np.frombuffer(sine(one), np.int16)
    assert len(samples) == int(RATE * one.value[1])
    assert abs(int(samples[0])) < 300
    assert abs(int(samples[-1])) < 1500
    assert samples.max() > 10000


def test_everything_the_performer_is_asked_can_be_translated() -> None:
    known = {str(text) for text in words.PROMPT_WORDS}
    assert {*PROMPTS.values(), FACE_FORWARD, QUICK} <= known
    assert set(SLOTS) <= set(words.SLOT_WORDS)
    assert set(State) == set(words.STATE_WORDS)


@pytest.mark.parametrize(
    ("name", "following"),
    [("walk", "walk_002"), ("take_001", "take_002"), ("take_099", "take_100"), ("7", "8"), ("a1b", "a1b_002")],
)
def test_names_count(name: str, following: str) -> None:
    assert next_name(name) == following


def test_settings_that_make_no_sense_are_left_out(tmp_path: Path) -> None:
    settings = QSettings(str(tmp_path / "panel.ini"), QSettings.Format.IniFormat)
    Preferences(performer="größe", height=1.83, sounds=False).write(settings)
    kept = Preferences.read(settings)
    assert (kept.performer, kept.height, kept.sounds) == ("größe", 1.83, False)
    for key, value in (("height", "nan"), ("delay", "soon"), ("theme", "pink"), ("device", "abacus")):
        settings.setValue(key, value)
    odd = Preferences.read(settings)
    assert (odd.height, odd.delay, odd.theme, odd.wish.value) == (1.70, 3, "system", "auto")


def contrast(one: str, other: str) -> float:
    def luminance(name: str) -> float:
        parts = np.array(QColor(name).getRgbF()[:3])
        linear = np.where(parts <= 0.04045, parts / 12.92, ((parts + 0.055) / 1.055) ** 2.4)
        return float(linear @ [0.2126, 0.7152, 0.0722])

    high, low = sorted((luminance(one), luminance(other)), reverse=True)
    return (high + 0.05) / (low + 0.05)


def test_states_can_be_read_on_either_theme() -> None:
    for colours, grounds in ((LIGHT, ("#ffffff", "#f5f6f8", "#eef0f3")), (DARK, ("#1e2023", "#26282c", "#2b2e33"))):
        for shade in (colours.good, colours.warn, colours.bad, colours.off):
            assert min(contrast(shade, ground) for ground in grounds) >= 4.5


def test_the_figures_places_are_on_its_limbs(qtbot: QtBot) -> None:
    figure = BodyFigure(DARK)
    qtbot.addWidget(figure)
    figure.resize(300, 400)
    assert all(figure.slot_at(figure.place(slot)) == slot for slot in SLOTS)
    assert figure.place("left_shin").x() > figure.place("right_shin").x()  # seen from the front
    assert figure.place("head").y() < figure.place("pelvis").y() < figure.place("left_shin").y()
    assert figure.slot_at(QPointF(2, 2)) == ""


def test_jobs_tell_progress_results_and_faults(qtbot: QtBot, nothing_left: None) -> None:
    def work(report: Report) -> int:
        report(0.5, "half")
        return 42

    job = Job("count", work)
    with qtbot.waitSignals([job.progress, job.done, job.over]):
        job.start()
    broken = Job("break", lambda report: (_ for _ in ()).throw(BadInputError("No.")))
    with qtbot.waitSignal(broken.failed) as told:
        broken.start()
    assert told.args == ["No."]
    odd = Job("odd", lambda report: 1 / 0)
    with qtbot.waitSignal(odd.failed) as told:
        odd.start()
    assert told.args == ["odd: ZeroDivisionError: division by zero"]


def test_a_cancelled_job_ends_and_says_nothing_more(qtbot: QtBot, nothing_left: None) -> None:
    begun = threading.Event()

    def work(report: Report) -> None:
        while True:
            report(0.1, "on and on")
            begun.set()
            time.sleep(0.005)

    job = Job("long", work)
    said: list[object] = []
    job.done.connect(said.append)
    job.failed.connect(said.append)
    job.start()
    assert begun.wait(5)
    with qtbot.waitSignal(job.over):
        job.cancel()
    assert said == []
