"""docs/results.md says what docs/networks/*.json say; the tables, orders and verdicts made of them."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from mocamba.rig.errors import FileFormatError
from mocamba.tools.results.__main__ import outdated, write
from mocamba.tools.results.augmentations import NAMES, augmentations, mean_change, verdict
from mocamba.tools.results.comparisons import changes, comparison
from mocamba.tools.results.markdown import number, replace_blocks, signed
from mocamba.tools.results.measured import SHARDS, Scores, read_scores
from mocamba.tools.results.ordering import order_sentence, reversed_pairs
from mocamba.tools.results.page import Results
from mocamba.tools.results.pictures import Panel, Picture, draw, is_current
from mocamba.tools.results.published import Change, read_published
from mocamba.tools.results.tables import lifting

DOCS = Path(__file__).parents[1] / "docs"
SEEDS = ((0, 10.0), (1, 12.0))  # and their SIP error
ERRORS = st.dictionaries(st.sampled_from("abcdef"), st.floats(1, 100), min_size=2)


@pytest.fixture
def docs(tmp_path: Path) -> Path:
    """A copy that may be edited."""
    for folder in ("networks", "training"):
        shutil.copytree(DOCS / folder, tmp_path / folder)
    shutil.copy(DOCS / "results.md", tmp_path)
    return tmp_path


def edit(path: Path, change: Callable[[Any], None]) -> None:
    said = json.loads(path.read_text(encoding="utf-8"))
    change(said)
    path.write_text(json.dumps(said), encoding="utf-8")


def lifting_row(network: str, shard: str, protocol: str, error: float, steps: int = 1000) -> dict[str, Any]:
    figures = {"MPJPE": error, "PA_MPJPE": 0.7 * error}
    return {"network": network, "shard": shard, "protocol": protocol, "steps": steps, "parameters": 5, **figures}


def sensor_row(network: str, shard: str, group: str, sip: float, pos: float) -> dict[str, Any]:
    figures = {"SIP": sip, "Ang": 6.0, "Pos": pos}
    return {"network": network, "shard": shard, "sensors": "clean", "group": group, "parameters": 5, **figures}


def scores(tmp_path: Path, rows: list[dict[str, Any]]) -> Scores:
    path = tmp_path / "scores.json"
    path.write_text(json.dumps(rows), encoding="utf-8")
    return read_scores(path)


def test_pages_and_pictures_agree_with_the_measurements() -> None:
    assert outdated(DOCS) == []


def test_an_edited_page_is_noticed_and_mended(docs: Path) -> None:
    page = docs / "networks" / "hiposer.md"
    page.write_text(page.read_text(encoding="utf-8").replace("| 10.37 |", "| 9.37 |"), encoding="utf-8")
    assert outdated(docs) == [page]
    assert write(docs) == [page]
    assert page.read_text(encoding="utf-8") == (DOCS / "networks" / "hiposer.md").read_text(encoding="utf-8")


def test_an_edited_measurement_is_noticed_in_text_and_picture(docs: Path) -> None:
    def better(rows: list[dict[str, Any]]) -> None:
        rows[0]["MPJPE"] -= 5.0

    edit(docs / "networks" / "lifting_table.json", better)
    assert {docs / "results.md", docs / "networks" / "lifting_table.png"} <= set(outdated(docs))
    write(docs)
    assert outdated(docs) == []


def test_what_the_gpu_leaves_is_shown_once_it_is_there(docs: Path) -> None:
    figures = {"lifted": 60.0, "mesh": 66.0, "vertices": 80.0, "by_rule": 100.0}
    (docs / "networks" / "hmrmamba_errors.json").write_text(json.dumps({"test": figures}), encoding="utf-8")
    curves = {"1": [[0, 2.0], [10, 1.5], [20, 1.0], [30, 1.0]], "2": [[0, 2.0], [10, 1.5004], [20, 1.02], [30, 1.0]]}
    (docs / "training" / "two_gpus.json").write_text(json.dumps({"hiposer-s": {"curves": curves, "percent": 2.0}}))
    blocks = Results(docs).blocks()
    mesh = blocks["mesh"]().text
    assert "| test | 60.0 | 66.0 | 80.0 | 100.0 |" in mesh
    assert "−20 % (test)" in mesh
    # alike until the first point that is not, whatever comes after it
    devices = blocks["two GPUs"]().text
    assert "| `hiposer-s` | 30 | 10 | 1.3750 | 1.3801 | 2 |" in devices
    assert "(training/two_gpus.png)" in devices


@pytest.mark.parametrize(
    "text",
    ["<!-- table: lifting -->\n", "<!-- table: lifting -->\n<!-- table: mesh -->\n<!-- end -->\n"],
)
def test_a_block_without_its_end_is_refused(text: str) -> None:
    with pytest.raises(FileFormatError, match=r"Close each"):
        replace_blocks(Path("page.md"), text, lambda _: "")


def test_a_block_that_nobody_knows_is_refused_and_nothing_is_written(docs: Path) -> None:
    page = docs / "results.md"
    page.write_text("<!-- table: moonshine -->\n<!-- end -->\n", encoding="utf-8")
    with pytest.raises(FileFormatError, match="moonshine"):
        write(docs)
    assert page.read_text(encoding="utf-8") == "<!-- table: moonshine -->\n<!-- end -->\n"


@pytest.mark.parametrize("said", ["", "{", '[{"shard": "cmu"}]'])
def test_a_damaged_measurement_is_named(docs: Path, said: str) -> None:
    (docs / "networks" / "lifting_table.json").write_text(said, encoding="utf-8")
    with pytest.raises(FileFormatError, match=r"lifting_table\.json"):
        outdated(docs)


def test_a_figure_that_is_missing_is_named_with_its_table(docs: Path) -> None:
    edit(docs / "networks" / "overfit.json", lambda said: said["VIMCAN t"].pop("after_mm"))
    with pytest.raises(FileFormatError, match=r"'by heart.*after_mm"):
        outdated(docs)


def test_published_rows_have_a_number_for_each_figure(docs: Path) -> None:
    def one_less(said: dict[str, Any]) -> None:
        said["ablations"]["hiposer-orders"]["rows"][0]["published"].pop()

    path = docs / "networks" / "published.json"
    edit(path, one_less)
    with pytest.raises(FileFormatError, match="hiposer-orders: Seq-D"):
        read_published(path)


def test_our_rows_are_networks_that_can_be_trained() -> None:
    pytest.importorskip("lightning", reason="training is not installed")
    from mocamba.inference.training.presets import ABLATIONS, PRESETS

    published = read_published(DOCS / "networks" / "published.json")
    rows = [row for ablation in published.ablations.values() for row in ablation.rows]
    names = {network for row in rows for network in row.ours.values()}
    names |= {network for change in published.changes for network in (change.before, change.after)}
    names |= {headline.network for headline in published.headlines}
    assert {name.removesuffix("-shipped") for name in names} <= {*PRESETS}  # of an earlier run
    assert {*NAMES} == {*ABLATIONS}


@given(ERRORS)
def test_an_order_is_that_of_itself_whatever_the_size_of_the_errors(errors: dict[str, float]) -> None:
    assert reversed_pairs(errors, errors) == []
    assert reversed_pairs(errors, {name: 3 * value + 1 for name, value in errors.items()}) == []


@given(ERRORS, ERRORS)
def test_reversed_pairs_are_those_that_a_comparison_of_all_pairs_finds(
    published: dict[str, float], ours: dict[str, float]
) -> None:
    both = sorted({*published} & {*ours})
    wrong = {frozenset((a, b)) for a in both for b in both if (published[a] - published[b]) * (ours[a] - ours[b]) < 0}
    assert {frozenset(pair) for pair in reversed_pairs(published, ours)} == wrong
    assert all(ours[better] < ours[worse] for better, worse in reversed_pairs(published, ours))


def test_the_sentence_names_columns_that_agree_together() -> None:
    said = order_sentence(
        {"a": 1.0, "b": 2.0}, {"x": {"a": 3.0, "b": 4.0}, "y": {"a": 5.0, "b": 4.0}, "z": {"a": 1.0, "b": 2.0}}
    )
    assert said == "in the paper a < b; the same on x and z; differs on y: b < a"


def test_rows_that_are_not_measured_are_said_to_be(tmp_path: Path) -> None:
    ablation = read_published(DOCS / "networks" / "published.json").ablations["vimcan-lengths"]
    rows = [
        lifting_row(network, shard, "perfect", error)
        for network, error in (("vimcan-t-9", 50.0), ("vimcan-t-27", 60.0))
        for shard in SHARDS
    ]
    one = comparison("lengths", ablation, scores(tmp_path, rows[:2]))
    assert (
        one.text == "VIMCAN, Table 3, frames of a window: of its rows *T = 9* (`vimcan-t-9`) alone is measured here.\n"
    )
    two = comparison("lengths", ablation, scores(tmp_path, rows), pictured=True)
    assert "| T = 81 | `vimcan-t-81`: not measured | – | 17.2 | – | – |" in two.text
    assert "vimcan-b" not in two.text
    assert "differs on CMU and UI-PRMD: T = 9 < T = 27" in two.text
    assert "not trained for equally long" not in two.text
    assert two.picture
    assert list(two.picture.names) == ["T = 9 (vimcan-t-9)", "T = 27 (vimcan-t-27)"]
    rows[-1]["steps"] = rows[-2]["steps"] = 2000
    assert "not trained for equally long" in comparison("lengths", ablation, scores(tmp_path, rows)).text


def test_only_the_series_whose_trainings_differ_is_without_a_verdict(tmp_path: Path) -> None:
    ablation = read_published(DOCS / "networks" / "published.json").ablations["vimcan-lengths"]
    rows = [
        lifting_row(network, shard, "perfect", 50.0, steps)
        for network, steps in (("vimcan-t-9", 1000), ("vimcan-t-27", 1000), ("vimcan-b-9", 1000), ("vimcan-b-27", 2000))
        for shard in SHARDS
    ]
    text = comparison("lengths", ablation, scores(tmp_path, rows)).text
    assert "VIMCAN-B: the rows were not trained for equally long" in text
    assert "VIMCAN-T: the rows" not in text


def test_networks_that_were_trained_for_long_come_first_and_into_the_picture(tmp_path: Path) -> None:
    rows = [
        lifting_row(network, shard, "perfect", error, steps)
        for network, error, steps in (("short", 40.0, 1600), ("long", 60.0, 6000), ("longest", 50.0, 10000))
        for shard in SHARDS
    ]
    block = lifting(scores(tmp_path, rows), ())
    places = [block.text.index(f"`{name}`") for name in ("longest", "long", "short")]
    assert places == sorted(places)
    assert block.picture
    assert list(block.picture.names) == ["longest", "long"]


def test_a_way_is_kept_by_the_validation_people_and_shown_on_the_test_people(docs: Path) -> None:
    validation = {"all": (10.0, 4.0), "no-mirror": (11.0, 4.4), "no-speed": (9.0, 3.6), "invented": (9.0, 4.0)}
    rows = [
        sensor_row(f"hiposer-s-{way}", shard, group, sip + (group == "test"), pos)
        for way, (sip, pos) in validation.items()
        for shard in SHARDS
        for group in ("validation", "test")
    ]
    (docs / "networks" / "ablation.json").write_text(json.dumps(rows), encoding="utf-8")
    (docs / "networks" / "ablation_worn.json").unlink()
    block = Results(docs).blocks()["augmentations"]()
    assert "| without mirror images | +10.0 % | kept | +1.00 | +0.40 | +1.00 | +0.40 |" in block.text
    assert "| without other paces | −10.0 % | left out | −1.00 | −0.40 | −1.00 | −0.40 |" in block.text
    assert "| with invented motion too | −5.0 % | kept | −1.00 | 0.00 | −1.00 | 0.00 |" in block.text
    assert block.picture


def test_networks_of_two_codes_are_not_a_change(tmp_path: Path) -> None:
    change = Change("frame by frame", "a", "b", None, None)
    rows = [
        lifting_row(name, shard, "perfect", error) for name, error in (("a", 50.0), ("b", 60.0)) for shard in SHARDS
    ]
    assert "+20 % (50.0 → 60.0)" in changes([change], scores(tmp_path, rows)).text
    old = [row | {"earlier": row["network"] == "b"} for row in rows]
    assert "50.0" not in changes([change], scores(tmp_path, old)).text


def test_a_change_over_all_frames_weighs_shards_by_them(tmp_path: Path) -> None:
    change = Change("frame by frame", "a", "b", None, None)
    errors = {"cmu": (50.0, 40.0), "uiprmd": (100.0, 60.0)}
    rows = [
        lifting_row(name, shard, "perfect", error) | {"frames": 300 if shard == "uiprmd" else 100}
        for shard, pair in errors.items()
        for name, error in zip("ab", pair, strict=True)
    ]
    assert "| −37 % (87.5 → 55.0) |" in changes([change], scores(tmp_path, rows)).text
    uncounted = [row | {"frames": None} if row["shard"] == "cmu" else row for row in rows]
    assert changes([change], scores(tmp_path, uncounted)).text.splitlines()[2].endswith("| not measured |")


def test_a_change_is_the_mean_of_both_figures_on_both_shards(tmp_path: Path) -> None:
    rows = [sensor_row("all", shard, "validation", 10.0, 4.0) for shard in SHARDS]
    rows += [sensor_row("no-mirror", "cmu", "validation", 12.0, 4.0)]
    rows += [sensor_row("no-mirror", "uiprmd", "validation", 10.0, 4.0)]
    found = scores(tmp_path, rows)
    assert mean_change(found, "no-mirror", "clean") == pytest.approx(5.0)
    assert verdict(found, "no-mirror", "clean") == "kept"


@pytest.mark.parametrize(("sips", "said"), [((9.0, 9.9), "kept"), ((10.1, 12.0), "left out"), ((9.0, 11.5), "open")])
def test_a_way_that_seeds_disagree_about_stays_open(tmp_path: Path, sips: tuple[float, float], said: str) -> None:
    rows = [sensor_row("all", shard, "validation", 10.0, 4.0) | {"seed": seed} for shard in SHARDS for seed in (0, 1)]
    for shard in SHARDS:
        rows += [sensor_row("even", shard, "validation", sip, 4.0) | {"seed": k} for k, sip in enumerate(sips)]
    assert verdict(scores(tmp_path, rows), "even", "clean") == said


def test_an_ablation_tells_how_far_trainings_of_one_row_are_apart(tmp_path: Path) -> None:
    rows = [
        sensor_row(way, shard, group, sip, 4.0) | {"seed": seed}
        for way in ("all", "no-mirror")
        for shard in SHARDS
        for group in ("test", "validation")
        for seed, sip in SEEDS
    ]
    text = augmentations(scores(tmp_path, rows)).text
    assert "20.0 % at most" in text  # 10 and 12 degrees
    assert "apart" not in augmentations(scores(tmp_path, [row for row in rows if not row["seed"]])).text


def test_trainings_that_differ_in_the_seed_are_one_row_of_their_mean(tmp_path: Path) -> None:
    rows = [sensor_row("all", shard, "test", sip, 4.0) | {"seed": seed} for shard in SHARDS for seed, sip in SEEDS]
    found = scores(tmp_path, rows)
    row = found.find("all", "cmu", "clean")
    assert row is not None
    assert row.figures["SIP"] == pytest.approx(11.0)
    assert [each.figures["SIP"] for each in found.trainings("all", "cmu", "clean")] == [10.0, 12.0]


def test_a_picture_knows_what_it_shows(tmp_path: Path) -> None:
    picture = Picture("bars", "Bars", ["a", "b"], [Panel("mm", {"CMU": [1.0, None], "UI-PRMD": [-2.0, 3.0]})])
    path = tmp_path / "bars.png"
    assert not is_current(picture, path)
    draw(picture, path)
    assert is_current(picture, path)
    assert not is_current(Picture("bars", "Bars", ["a", "b"], [Panel("mm", {"CMU": [9.0, None]})]), path)


def test_numbers_have_a_true_minus_and_no_negative_zero() -> None:
    assert (number(-1.25, 1), number(-0.04, 1), number(float("nan"), 1), number(1234.0, 0)) == (
        "−1.2",
        "0.0",
        "–",
        "1,234",
    )
    assert (signed(0.3, 0), signed(-0.3, 0), signed(2.0, 1), signed(-2.0, 1)) == ("0", "0", "+2.0", "−2.0")
