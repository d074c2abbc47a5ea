"""The papers' tables with ours beside them: their rows, their order, and what one change is worth."""

from collections.abc import Iterator

from .block import Block
from .markdown import NOTHING, number, percent, table
from .measured import CONDITIONS, SHARDS, Score, Scores
from .ordering import order_sentence
from .pictures import Panel, Picture
from .published import Ablation, Change, PublishedRow
from .units import METRICS, named, written

MISSING = "not measured"
PUBLISHED = "published"


def published_table(ablation: Ablation) -> Block:
    """What the paper says, alone."""
    rows = [
        [row.row, *(written([v], [f]) for v, f in zip(row.published, ablation.figures, strict=True))]
        for row in ablation.rows
    ]
    return Block(table([f"{ablation.source}: {ablation.about}", *map(named, ablation.figures)], rows))


def comparison(name: str, ablation: Ablation, scores: Scores, pictured: bool = False) -> Block:
    """The paper's rows, ours for each, the difference in protocol and in order.

    One line where there are not two rows to compare.
    """
    known = {row.row: network for row, network in _lines(ablation, scores) if _measured(network, scores)}
    if len(known) < 2:
        said = " and ".join(f"*{row}* (`{network}`) alone" for row, network in known.items()) or "none"
        return Block(f"{ablation.source}, {ablation.about}: of its rows {said} is measured here.\n")
    figures = " / ".join(map(named, ablation.figures))
    header = [ablation.about, "ours", "steps", f"published: {figures}", *scores.columns()]
    text = table(header, [_row(row, network, ablation, scores) for row, network in _lines(ablation, scores)])
    text += f"\nPublished: {ablation.source}, on {ablation.protocol.data}; {ablation.protocol.difference}. Order:\n\n"
    text += "".join(f"- {sentence}\n" for sentence in _orders(ablation, scores))
    return Block(text, _picture(name, ablation, scores) if pictured else None)


def _lines(ablation: Ablation, scores: Scores) -> Iterator[tuple[PublishedRow, str]]:
    """Each row with each of our networks for it that is measured; without one, with the first that there might be."""
    for row in ablation.rows:
        ours = list(dict.fromkeys(row.ours.values()))
        yield from ((row, n) for n in [n for n in ours if _measured(n, scores)] or ours[:1] or [""])


def _measured(network: str, scores: Scores) -> Score | None:
    return next((row for row in scores.rows if row.network == network and row.group == "test"), None)


def _row(row: PublishedRow, network: str, ablation: Ablation, scores: Scores) -> list[str]:
    said = written(row.published, ablation.figures)
    score = _measured(network, scores)
    if score is None:
        ours = f"`{network}`: {MISSING}" if network else MISSING
        return [row.row, ours, NOTHING, said, *[NOTHING] * len(scores.columns())]
    cells = []
    for condition, shard in scores.columns().values():
        found = scores.find(network, shard, condition)
        cells.append(written(found.values(ablation.figures) if found else None, ablation.figures))
    return [row.row, score.name(), number(score.steps, 0), said, *cells]


def _orders(ablation: Ablation, scores: Scores) -> Iterator[str]:
    """For each series and metric, whether our rows come in the paper's order."""
    for series, rows in ablation.series().items():
        measured = [(row, network) for row, network in rows if _measured(network, scores)]
        for k, figure in enumerate(ablation.figures if len(measured) > 1 else ()):
            published = {row.row: row.published[k] for row, _ in measured}
            columns = {
                label: {row.row: score.figures[figure] for row, n in measured if (score := scores.find(n, shard, c))}
                for label, (c, shard) in scores.columns().items()
            }
            whose = f"{series}, " * bool(series)
            yield f"{whose}{figure.replace('_', '-')}: {order_sentence(published, columns)}."
        steps = {score.steps for _, network in measured if (score := _measured(network, scores))}
        if len(steps) > 1:
            whose = f"{series}: the" if series else "The"
            yield f"{whose} rows were not trained for equally long, so their order is no verdict."


def _picture(name: str, ablation: Ablation, scores: Scores) -> Picture:
    """The first figure of all rows that are measured."""
    figure = ablation.figures[0]
    lines = [(row, network) for row, network in _lines(ablation, scores) if _measured(network, scores)]
    panels = []
    for condition in scores.conditions():
        ours = scores.series([network for _, network in lines], condition, figure)
        published = [row.published[0] for row, _ in lines]
        panels.append(Panel(f"{named(figure)}; {CONDITIONS[condition]}", {PUBLISHED: published, **ours}))
    names = [f"{row.row} ({network})" for row, network in lines]
    title = f"{ablation.source}, {ablation.about}: other data, other errors; compare the order"
    return Picture(name, title, names, panels, METRICS[figure][1])


def changes(known: list[Change], scores: Scores) -> Block:
    """What one change does to MPJPE, here and in the papers."""
    shown = [change for change in known if change.published or _both(change, scores)]
    lines = []
    for change in shown:
        said = f"{percent(*change.published)} ({change.source})" if change.published else NOTHING
        lines.append([f"{change.change}: {_named(change, scores)}", said, *_cells(change, scores)])
    hardest = f"all frames ({CONDITIONS[scores.conditions()[-1]]})"
    text = table(["change", PUBLISHED, *scores.columns(), hardest], lines)
    drawn = [change for change in shown if _both(change, scores)]
    return Block(text, _picture_of_changes(drawn, scores) if drawn else None)


def _named(change: Change, scores: Scores) -> str:
    """Both networks, with their steps where these are not the same."""
    before, after = (_measured(network, scores) for network in (change.before, change.after))
    names = f"`{change.before}` → `{change.after}`"
    if before and after and before.steps != after.steps:
        return f"{names} ({before.steps:,} and {after.steps:,} steps)"
    return names


def _both(change: Change, scores: Scores) -> bool:
    """Whether both are measured, and were trained by the same code."""
    before, after = (_measured(network, scores) for network in (change.before, change.after))
    return before is not None and after is not None and before.earlier == after.earlier


def _pair(change: Change, condition: str, shard: str, scores: Scores) -> tuple[float, float] | None:
    if not _both(change, scores):
        return None
    before, after = (scores.find(network, shard, condition) for network in (change.before, change.after))
    return (before.figures["MPJPE"], after.figures["MPJPE"]) if before and after else None


def _cells(change: Change, scores: Scores) -> Iterator[str]:
    for condition, shard in scores.columns().values():
        yield _said(_pair(change, condition, shard, scores))
    condition = scores.conditions()[-1]
    before, after = (scores.over_frames(network, condition, "MPJPE") for network in (change.before, change.after))
    yield _said((before, after) if before and after and _both(change, scores) else None)


def _said(pair: tuple[float, float] | None) -> str:
    return f"{percent(*pair)} ({pair[0]:.1f} → {pair[1]:.1f})" if pair else MISSING


def _picture_of_changes(drawn: list[Change], scores: Scores) -> Picture:
    panels = []
    for condition in scores.conditions():
        pairs = {PUBLISHED: [(c.published[0], c.published[1]) if c.published else None for c in drawn]}
        pairs |= {label: [_pair(c, condition, shard, scores) for c in drawn] for shard, label in SHARDS.items()}
        series = {label: [100 * (p[1] / p[0] - 1) if p else None for p in found] for label, found in pairs.items()}
        panels.append(Panel(f"change of MPJPE, %; {CONDITIONS[condition]}", series))
    title = "What one change is worth (to the left: better)"
    return Picture("changes", title, [change.change for change in drawn], panels)


def not_measured(ablations: list[Ablation], scores: list[Scores]) -> Block:
    """Rows of the papers' tables that nothing was measured for, but of tables that have no row of ours."""
    lines = []
    for ablation in (a for a in ablations if a.series()):
        rows = [
            row.row
            for row in ablation.rows
            if not any(_measured(network, table) for network in row.ours.values() for table in scores)
        ]
        if rows:
            lines.append(f"- {ablation.source}, {ablation.about}: {'; '.join(rows)}\n")
    return Block("".join(lines))
