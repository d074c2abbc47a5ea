"""Quaternions and rotations against SciPy and against their own laws."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from mocamba.rig import quaternion as qt
from mocamba.rig import rotation as rt
from scipy.spatial.transform import Rotation, Slerp

TOLERANCE = {"float32": 3e-6, "float64": 1e-12}
ORDERS = ("XYZ", "XZY", "YXZ", "YZX", "ZXY", "ZYX")
DTYPES = st.sampled_from(["float32", "float64"])
components = arrays(np.float64, (4,), elements=st.floats(-1, 1, width=32)).filter(lambda q: np.linalg.norm(q) > 1e-2)
vectors = arrays(np.float64, (3,), elements=st.floats(-10, 10, width=32))


def unit(q: np.ndarray, dtype: str) -> np.ndarray:
    return (q / np.linalg.norm(q)).astype(dtype)


def scipy(q: np.ndarray) -> Rotation:
    return Rotation.from_quat(np.asarray(q, np.float64)[..., [1, 2, 3, 0]])


@given(components, components, vectors, DTYPES)
def test_product_and_rotation_agree_with_scipy(a: np.ndarray, b: np.ndarray, v: np.ndarray, dtype: str) -> None:
    a, b, v = unit(a, dtype), unit(b, dtype), v.astype(dtype)
    product = qt.multiply(a, b)
    assert product.dtype == dtype
    tolerance = TOLERANCE[dtype] * (1 + np.abs(v).max())
    np.testing.assert_allclose(qt.rotate(product, v), (scipy(a) * scipy(b)).apply(v), atol=10 * tolerance)
    np.testing.assert_allclose(qt.rotate(-a, v), qt.rotate(a, v), atol=tolerance)
    np.testing.assert_allclose(qt.multiply(a, qt.conjugate(a)), [1, 0, 0, 0], atol=TOLERANCE[dtype])


@given(arrays(np.float64, (5, 1, 3), elements=st.floats(-10, 10)), vectors, DTYPES)
def test_cross_is_numpys(a: np.ndarray, b: np.ndarray, dtype: str) -> None:
    a, b = a.astype(dtype), b.astype(dtype)
    for one, other in ((a, b), (b, a), (a, a.swapaxes(0, 1))):
        found = qt.cross(one, other)
        assert found.dtype == dtype
        np.testing.assert_array_equal(found, np.cross(one, other))


@given(components, DTYPES)
def test_round_trips(q: np.ndarray, dtype: str) -> None:
    q = unit(q, dtype)
    matrix = rt.quaternion_to_matrix(q)
    np.testing.assert_allclose(matrix, scipy(q).as_matrix(), atol=TOLERANCE[dtype])
    for back in (
        rt.matrix_to_quaternion(matrix),
        rt.matrix_to_quaternion(rt.sixd_to_matrix(rt.matrix_to_sixd(matrix))),
        qt.from_rotation_vector(qt.to_rotation_vector(q)),
    ):
        assert back.dtype == dtype
        assert qt.angle_between(q, back) < 10 * TOLERANCE[dtype]


@given(st.floats(0, np.pi), vectors.filter(lambda v: np.linalg.norm(v) > 0.1), DTYPES)
def test_rotation_vectors_at_all_angles(angle: float, axis: np.ndarray, dtype: str) -> None:
    vector = (axis / np.linalg.norm(axis) * angle).astype(dtype)
    q = qt.from_rotation_vector(vector)
    assert qt.angle_between(q, unit(np.roll(Rotation.from_rotvec(vector).as_quat(), 1), dtype)) < 10 * TOLERANCE[dtype]
    assert np.linalg.norm(qt.to_rotation_vector(-q)) == pytest.approx(angle, abs=10 * TOLERANCE[dtype])


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("angle", [0.0, 1e-30, 1e-9, np.pi])
def test_degenerate_angles(angle: float, dtype: str) -> None:
    q = qt.from_rotation_vector(np.array([angle, 0, 0], dtype))
    np.testing.assert_allclose(q, [np.cos(angle / 2), np.sin(angle / 2), 0, 0], atol=TOLERANCE[dtype])
    # half a turn is the same about either end of its axis
    np.testing.assert_allclose(np.abs(qt.to_rotation_vector(q)), [angle, 0, 0], rtol=1e-6, atol=1e-30)
    assert qt.angle_between(q, -q) == 0


def test_normalise_makes_no_rotation_out_of_nothing() -> None:
    q = qt.normalise(np.array([[0.0, 0, 0, 0], [0, 0, 3, 0]]))
    assert np.isnan(q[0]).all()
    np.testing.assert_array_equal(q[1], [0, 0, 1, 0])


@given(components, st.sampled_from(ORDERS), DTYPES)
def test_euler_angles_agree_with_scipy(q: np.ndarray, order: str, dtype: str) -> None:
    q = unit(q, dtype)
    angles = rt.quaternion_to_euler(q, order)
    assert angles.dtype == dtype
    assert abs(angles[1]) <= np.pi / 2 + 1e-6
    assert qt.angle_between(rt.euler_to_quaternion(angles, order), q) < (2e-3 if dtype == "float32" else 1e-6)
    expected = Rotation.from_euler(order, angles.astype(np.float64))
    assert (expected.inv() * scipy(q)).magnitude() < (2e-3 if dtype == "float32" else 1e-6)


@pytest.mark.parametrize("order", ORDERS)
@pytest.mark.parametrize("dtype", ["float32", "float64"])
@given(first=st.floats(-3, 3), third=st.floats(-3, 3), up=st.booleans(), off=st.sampled_from([0, 1e-8, 1e-5, 1e-3]))
def test_gimbal_lock_keeps_the_rotation(
    order: str, dtype: str, first: float, third: float, up: bool, off: float
) -> None:
    middle = (np.pi / 2 - off) * (1 if up else -1)
    q = rt.euler_to_quaternion(np.array([first, middle, third]), order)
    back = rt.euler_to_quaternion(rt.quaternion_to_euler(q.astype(dtype), order).astype(np.float64), order)
    assert qt.angle_between(back, q) < (2e-3 if dtype == "float32" else 1e-4)


@given(vectors, vectors, DTYPES)
def test_between_vectors_takes_one_to_the_other(a: np.ndarray, b: np.ndarray, dtype: str) -> None:
    if min(np.linalg.norm(a), np.linalg.norm(b)) < 1e-2:
        return
    a, b = a.astype(dtype), b.astype(dtype)
    q = qt.between_vectors(a, b)
    assert q.dtype == dtype
    turned = qt.rotate(q, a / np.linalg.norm(a))
    np.testing.assert_allclose(turned, b / np.linalg.norm(b), atol=1e-6)


@pytest.mark.parametrize("off", 10.0 ** np.arange(-12, 0))
def test_between_vectors_that_are_nearly_opposite(off: float) -> None:
    a, b = np.array([0.0, -1, 0], np.float32), np.array([off, 1, -off], np.float32)
    np.testing.assert_allclose(qt.rotate(qt.between_vectors(a, b), a), b / np.linalg.norm(b), atol=1e-6)


@pytest.mark.parametrize("axis", np.eye(3))
def test_between_opposite_vectors_is_half_a_turn(axis: np.ndarray) -> None:
    q = qt.between_vectors(axis, -axis)
    np.testing.assert_allclose(qt.rotate(q, axis), -axis, atol=1e-12)
    assert np.linalg.norm(q) == pytest.approx(1)


@given(components, components, st.floats(0, 1))
def test_slerp_agrees_with_scipy(a: np.ndarray, b: np.ndarray, weight: float) -> None:
    a, b = unit(a, "float64"), unit(b, "float64")
    if abs(a @ b) < 1e-3:  # half a turn apart: both ways are as short
        return
    expected = Slerp([0, 1], scipy(np.stack([a, b])))(weight)
    assert (expected.inv() * scipy(qt.slerp(a, b, np.array(weight)))).magnitude() < 1e-6
    assert qt.angle_between(qt.slerp(a, -b, np.array(weight)), qt.slerp(a, b, np.array(weight))) < 1e-6


@given(arrays(np.float64, (30, 2, 4), elements=st.floats(-1, 1, width=32)))
def test_make_continuous_only_flips_signs(q: np.ndarray) -> None:
    smooth = qt.make_continuous(q)
    np.testing.assert_array_equal(np.abs(smooth), np.abs(q))
    np.testing.assert_array_equal(smooth[0], q[0])
    assert (np.sum(smooth[1:] * smooth[:-1], axis=-1) >= 0).all()


@given(st.floats(-3.1, 3.1), st.floats(-1.2, 1.2))
def test_heading_of_a_turned_and_tilted_body(angle: float, tilt: float) -> None:
    turn = qt.about_y(np.array(angle))
    tilted = qt.multiply(turn, qt.from_axis_angle(np.array([1.0, 0, 0]), np.array(tilt)))
    for q in (turn, -turn, tilted, -tilted):
        assert qt.heading(q) == pytest.approx(angle, abs=1e-9)


def test_sixd_ignores_scale_and_makes_columns_square() -> None:
    matrix = rt.sixd_to_matrix(np.array([3.0, 0, 0, 5.0, 0.1, 0]))
    np.testing.assert_allclose(matrix, np.eye(3), atol=1e-12)
    with np.errstate(invalid="ignore"):
        assert np.isnan(rt.sixd_to_matrix(np.array([1.0, 0, 0, 2.0, 0, 0]))).any()
