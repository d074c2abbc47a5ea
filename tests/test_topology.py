"""Body topologies: the free one, and files of others."""

import contextlib
import pickle
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from mocamba.rig.body import load_body, skin
from mocamba.rig.errors import FileFormatError
from mocamba.rig.h36m import h36m_positions
from mocamba.rig.motion import evenly_timed
from mocamba.rig.quaternion import from_rotation_vector
from mocamba.rig.topology import COARSENESS, free_topology, read_topology


def arrays() -> dict[str, np.ndarray]:
    """A tetrahedron with two joints."""
    return {
        "vertices": np.array([[0.0, 0, 0], [1, 0, 0], [0, 1, 0], [0, 0, 1]]),
        "faces": np.array([[0, 1, 2], [0, 1, 3]]),
        "joint_regressor": np.array([[1.0, 0, 0, 0], [0.5, 0.5, 0, 0]]),
    }


def written(path: Path, **changes: np.ndarray | None) -> Path:
    values = {key: value for key, value in (arrays() | changes).items() if value is not None}
    np.savez(path, **values)  # type: ignore[arg-type]
    return path


def test_free_body() -> None:
    topology = free_topology()
    assert topology.vertices.shape == (13_492, 3)
    assert topology.faces.min() == 0
    assert topology.faces.max() == 13_491
    rest = evenly_timed(np.tile([1.0, 0, 0, 0], (1, 24, 1)), np.zeros((1, 3)), load_body().skeleton)
    np.testing.assert_allclose(topology.joint_regressor @ topology.vertices, h36m_positions(rest)[0], atol=1e-5)
    np.testing.assert_allclose(topology.joint_regressor.sum(-1), 1, atol=1e-5)


def test_joints_of_the_mesh_follow_the_pose() -> None:
    generator = np.random.default_rng(0)
    for _ in range(5):
        turns = from_rotation_vector(0.3 * generator.normal(size=(24, 3)))
        pose = evenly_timed(turns[None], np.zeros((1, 3)), load_body().skeleton)
        joints = free_topology().joint_regressor @ skin(load_body(), turns, np.zeros(3))
        assert np.linalg.norm(joints - h36m_positions(pose)[0], axis=-1).mean() < 0.02


def test_coarse_vertices_cover_the_body() -> None:
    topology = free_topology()
    coarse = topology.coarse_vertices
    assert len(coarse) == len(set(coarse.tolist())) == -(-13_492 // COARSENESS) == 844
    distance = np.linalg.norm(topology.vertices[:, None] - topology.vertices[coarse][None, ::4], axis=-1).min(-1)
    assert distance.max() < 0.2  # a quarter of them is within 20 cm of everything
    generator = np.random.default_rng(0)
    sample = topology.vertices[generator.choice(13_492, 300)]
    assert np.linalg.norm(sample[:, None] - topology.vertices[coarse], axis=-1).min(-1).max() < 0.06


def test_smpl_would_have_its_431() -> None:
    assert -(-6890 // COARSENESS) == 431


def test_a_file_is_read(tmp_path: Path) -> None:
    topology = read_topology(written(tmp_path / "body.npz"))
    for key, value in arrays().items():
        np.testing.assert_array_equal(getattr(topology, key), value)
    assert topology.coarse_vertices.tolist() == [2]  # the highest


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"faces": None}, "lacks faces"),
        ({"vertices": np.zeros((4, 2))}, r"vertices are \(4, 2\)"),
        ({"vertices": np.zeros((0, 3)), "joint_regressor": np.zeros((2, 0))}, "vertices are"),
        ({"vertices": np.full((4, 3), np.nan)}, "not numbers"),
        ({"faces": np.array([[0, 1, 4]])}, "vertices that are not there"),
        ({"faces": np.array([[0, 1, -1]])}, "vertices that are not there"),
        ({"faces": np.array([[0.0, 1, 2]])}, "faces are not"),
        ({"joint_regressor": np.zeros((2, 5))}, "joint_regressor is not"),
        ({"joint_regressor": np.ones((2, 4))}, "do not sum to 1"),
        ({"joint_regressor": np.array([[{"a": 1}]], dtype=object)}, "plain arrays"),
    ],
)
def test_what_is_no_topology_is_refused(tmp_path: Path, changes: dict[str, np.ndarray | None], says: str) -> None:
    path = written(tmp_path / "body.npz", **changes)
    with pytest.raises(FileFormatError, match=says) as refusal:
        read_topology(path)
    assert str(path) in str(refusal.value)


class Bomb:
    """Runs code where it is unpickled."""

    def __reduce__(self) -> tuple[object, tuple[str]]:
        return (open, ("exploded", "w"))  # type: ignore[return-value]


def test_pickles_are_refused_unopened(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    path = tmp_path / "SMPL_NEUTRAL.pkl"
    path.write_bytes(pickle.dumps({"v_template": Bomb()}))
    with pytest.raises(FileFormatError, match=r"has to be saved as \.npz first"):
        read_topology(path)
    assert not (tmp_path / "exploded").exists()


def test_no_file(tmp_path: Path) -> None:
    with pytest.raises(FileFormatError, match="no such file"):
        read_topology(tmp_path / "none.npz")
    np.save(tmp_path / "array.npy", np.zeros(3))
    with pytest.raises(FileFormatError, match="plain arrays"):
        read_topology(tmp_path / "array.npy")


@settings(max_examples=60, deadline=None)
@given(data=st.data())
def test_damaged_files_are_read_or_refused(tmp_path_factory: pytest.TempPathFactory, data: st.DataObject) -> None:
    whole = written(tmp_path_factory.mktemp("topology") / "body.npz").read_bytes()
    cut = data.draw(st.integers(0, len(whole)))
    place = data.draw(st.integers(0, len(whole) - 1))
    damaged = bytearray(whole[:cut] if data.draw(st.booleans()) else whole)
    if place < len(damaged):
        damaged[place] ^= data.draw(st.integers(1, 255))
    path = tmp_path_factory.mktemp("damaged") / "body.npz"
    path.write_bytes(bytes(damaged))
    with contextlib.suppress(FileFormatError):  # and nothing else
        read_topology(path)
