"""Whether our networks come in the order in which a paper's do."""

from collections.abc import Mapping


def reversed_pairs(published: Mapping[str, float], ours: Mapping[str, float]) -> list[tuple[str, str]]:
    """(better here, better there): pairs of rows, known to both, whose order by error is the other way round.

    What is equal on either side has no order.
    """
    known = [name for name in published if name in ours]
    return [(a, b) for a in known for b in known if ours[a] < ours[b] and published[b] < published[a]]


def order_sentence(published: Mapping[str, float], columns: Mapping[str, Mapping[str, float]]) -> str:
    """Best first: the paper's order, and that of each of our columns. Rows are those that both have."""
    alike: dict[str, list[str]] = {}
    for label, ours in columns.items():
        said = f"differs on {{}}: {_best_first(ours)}" if reversed_pairs(published, ours) else "the same on {}"
        alike.setdefault(said, []).append(label)
    own = (said.format(_listed(labels, len(columns))) for said, labels in alike.items())
    return "; ".join([f"in the paper {_best_first(published)}", *own])


def _best_first(errors: Mapping[str, float]) -> str:
    return " < ".join(sorted(errors, key=errors.__getitem__))


def _listed(labels: list[str], count: int) -> str:
    if len(labels) == count > 2:
        return "all columns"
    return " and ".join(filter(None, (", ".join(labels[:-1]), labels[-1])))
