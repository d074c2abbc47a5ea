"""Licensed models from made-up ones of their layout: read whole, refused where damaged, and never run."""

import contextlib
import os
import pickle
import sys
import types
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from mocamba.rig.body import load_body
from mocamba.rig.errors import FileFormatError
from mocamba.rig.skeleton import PARENTS, SMPL24, joint
from mocamba.rig.smpl_file import HANDS, NAMES, read_smpl

VERTICES = 300


def model(joints: int = 24) -> dict[str, np.ndarray]:
    """Vertices of the free body, each moved by its nearest joints; a regressor that gives them back."""
    rng = np.random.default_rng(joints)
    heads = SMPL24.rest_positions()
    if joints != 24:
        heads = np.concatenate([heads[:22], heads[:22].mean(0) + rng.normal(size=(joints - 22, 3)) / 10])
    parents = [0, *PARENTS[1:22], *([20] * (joints - 22))] if joints != 24 else [0, *PARENTS[1:]]
    vertices = load_body().vertices[rng.choice(13_000, VERTICES, replace=False)].astype(np.float64)
    vertices[:joints] = heads  # so that a regressor of ones is exact
    weights = rng.random((VERTICES, joints)) ** 8
    table = np.array([parents, range(joints)], np.uint32)
    table[0, 0] = 2**32 - 1
    return {
        "v_template": vertices,
        "f": rng.integers(0, VERTICES, (500, 3)).astype(np.uint32),
        "weights": weights / weights.sum(1, keepdims=True),
        "J_regressor": np.eye(joints, VERTICES),
        "kintree_table": table,
        "shapedirs": rng.random((VERTICES, 3, 10)),
    }


@pytest.mark.parametrize("joints", [24, 52, 55])
def test_npz_models(tmp_path: Path, joints: int) -> None:
    made = model(joints)
    np.savez(tmp_path / "Modell ü.npz", **made)
    body = read_smpl(tmp_path / "Modell ü.npz")
    assert body.names == NAMES[joints]
    assert body.names[:22] == NAMES[24][:22]
    assert body.parents[:22] == PARENTS[:22]
    assert body.vertices[:, 1].min() == pytest.approx(0)
    assert body.joints[0, [0, 2]] == pytest.approx([0, 0])
    np.testing.assert_allclose(body.joints[4] - body.joints[1], SMPL24.offsets[joint("left_knee")], atol=1e-6)
    rows, shares = body.strongest()
    assert rows.shape == shares.shape == (VERTICES, 4)
    np.testing.assert_allclose(shares.sum(1), 1)
    assert len(HANDS) == 30


@pytest.fixture
def chumpy() -> Iterator[Any]:
    """A module of the name that old models were pickled with."""
    module, package = types.ModuleType("chumpy.ch"), types.ModuleType("chumpy")

    class Ch:
        def __init__(self, x: Any) -> None:
            self.x = x

        def __getstate__(self) -> Any:
            return (None, {"x": self.x, "_dirty_vars": set()})

        def __setstate__(self, state: Any) -> None:
            raise AssertionError("it ran")

    Ch.__module__, Ch.__qualname__ = "chumpy.ch", "Ch"
    module.Ch = Ch  # type: ignore[attr-defined]
    sys.modules.update({"chumpy": package, "chumpy.ch": module})
    yield Ch
    del sys.modules["chumpy"], sys.modules["chumpy.ch"]


@pytest.mark.parametrize("protocol", [0, 2, 4, 5])
def test_pickled_models(tmp_path: Path, chumpy: Any, protocol: int) -> None:
    sparse = pytest.importorskip("scipy.sparse")
    made = model()
    np.savez(tmp_path / "m.npz", **made)
    values = {**made, "J_regressor": sparse.csc_matrix(made["J_regressor"]), "v_template": chumpy(made["v_template"])}
    values["weights"] = np.asfortranarray(made["weights"])
    (tmp_path / "m.pkl").write_bytes(pickle.dumps(values, protocol))
    first, second = read_smpl(tmp_path / "m.npz"), read_smpl(tmp_path / "m.pkl")
    for name in ("vertices", "faces", "joints", "weights"):
        np.testing.assert_array_equal(getattr(first, name), getattr(second, name))


class Evil:
    """Does what a pickle may: run something when it is read."""

    def __init__(self, *call: Any) -> None:
        self.call = call

    def __reduce__(self) -> Any:
        return self.call[0], self.call[1:]


def test_a_pickle_is_never_run(tmp_path: Path) -> None:
    mark = tmp_path / "ran"
    for call in ((os.system, f'touch "{mark}"'), (eval, f"open({str(mark)!r}, 'w')"), (Path.touch, mark)):
        for values in (Evil(*call), {**model(), "v_template": Evil(*call)}, {**model(), "extra": Evil(*call)}):
            (tmp_path / "m.pkl").write_bytes(pickle.dumps(values))
            with contextlib.suppress(FileFormatError):
                read_smpl(tmp_path / "m.pkl")
            assert not mark.exists()


@pytest.mark.parametrize("suffix", ["npz", "pkl"])
def test_what_is_no_model_is_told(tmp_path: Path, suffix: str) -> None:
    def write(values: Any) -> Path:
        path = tmp_path / f"m.{suffix}"
        np.savez(path, **values) if suffix == "npz" else path.write_bytes(pickle.dumps(values))
        return path

    good = model()
    for change, said in (
        ({"weights": good["weights"][:, :23]}, "has 23 joints"),
        ({"weights": good["weights"][:-1]}, "do not fit"),
        ({"f": good["f"] + VERTICES}, "do not fit"),
        ({"v_template": good["v_template"] * np.nan}, "do not fit"),
        ({"kintree_table": good["kintree_table"][:, ::-1]}, "order of their parents"),
    ):
        with pytest.raises(FileFormatError, match=said):
            read_smpl(write({**good, **change}))
    with pytest.raises(FileFormatError, match="has no 'weights'"):
        read_smpl(write({key: value for key, value in good.items() if key != "weights"}))
    with pytest.raises(FileFormatError):
        read_smpl(tmp_path / f"none.{suffix}")


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.data())
def test_damaged_pickles_are_told(tmp_path: Path, data: st.DataObject) -> None:
    whole = bytearray(pickle.dumps({key: value[:40] for key, value in model().items()}, 2))
    for _ in range(data.draw(st.integers(1, 4))):
        whole[data.draw(st.integers(0, len(whole) - 1))] = data.draw(st.integers(0, 255))
    (tmp_path / "m.pkl").write_bytes(whole[: data.draw(st.integers(0, len(whole)))])
    with contextlib.suppress(FileFormatError):
        read_smpl(tmp_path / "m.pkl")


def test_a_licensed_body_takes_poses_in_blender(blender: Any, tmp_path: Path) -> None:
    from mocamba.addon.runtime import runtime

    np.savez(tmp_path / "SMPLX ü.npz", **model(55))
    blender.ops.mocamba.load_body(filepath=str(tmp_path / "SMPLX ü.npz"))
    armature = blender.context.scene.mocamba.armature
    assert len(armature.data.bones) == 55
    body = next(thing for thing in blender.data.objects if thing.type == "MESH")
    assert len(body.data.vertices) == VERTICES
    assert body.find_armature() == armature
    blender.ops.mocamba.demo()
    assert runtime.preview is not None
    assert runtime.preview.trouble == ""
    assert tuple(armature.pose.bones["left_shoulder"].rotation_quaternion) != (1, 0, 0, 0)
    blender.ops.mocamba.bake()
    assert "left_hand" not in armature.pose.bones
    np.savez(tmp_path / "other.npz", a=1)
    with pytest.raises(RuntimeError, match="no 'v_template'"):
        blender.ops.mocamba.load_body(filepath=str(tmp_path / "other.npz"))
