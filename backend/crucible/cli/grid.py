"""Columns lined up by tabulate, whatever script their text is in, and made to fit a width."""

from collections.abc import Container, Sequence

from tabulate import tabulate

from crucible.cli.text import clusters, cut, width

GAP = 2
HARD_SPACE = "\u00a0"
"""A blank that tabulate does not strip; printed as a space."""

Row = dict[str, str]

_FILLER = "\U0010fffd"
_FIRST = 0xF0000


def lay_out(rows: Sequence[Row], columns: Sequence[str], right: Container[str] = ()) -> list[str]:
    """The columns of the rows as lines; those in `right` are aligned right."""
    if not rows or not columns:
        return []
    stand_in = _StandIns()
    cells = [[stand_in.encode(row[column]) for column in columns] for row in rows]
    align = tuple("right" if column in right else "left" for column in columns)
    laid = tabulate(cells, tablefmt="plain", colalign=align, disable_numparse=True)
    return [stand_in.decode(line).rstrip() for line in laid.splitlines()]


def fit(
    rows: Sequence[Row],
    columns: Sequence[str],
    room: int | None,
    *,
    flexible: str | None = None,
    narrowest: int = 10,
    dispensable: Sequence[str] = (),
) -> tuple[list[Row], list[str]]:
    """Rows and columns for `room`: empty columns go, then `flexible` is cut down to `narrowest`,
    then the dispensable ones go, first to last. Without a room, only the empty ones go."""
    shown = [column for column in columns if any(row[column] for row in rows)]
    if room is None:
        return list(rows), shown
    for absent in (None, *dispensable):
        shown = [column for column in shown if column != absent]
        excess = total_width(rows, shown) - room
        if excess <= 0:
            return list(rows), shown
        if flexible in shown and _widest(rows, flexible) - excess >= narrowest:
            return squeeze(rows, flexible, excess, narrowest), shown
    return list(rows), shown


def squeeze(rows: Sequence[Row], column: str, excess: int, narrowest: int) -> list[Row]:
    """The column made narrower by `excess`, though not below `narrowest`."""
    if excess <= 0:
        return list(rows)
    target = max(narrowest, _widest(rows, column) - excess)
    return [{**row, column: cut(row[column], target)} for row in rows]


def total_width(rows: Sequence[Row], columns: Sequence[str]) -> int:
    return sum(_widest(rows, column) + GAP for column in columns) - GAP if columns else 0


def _widest(rows: Sequence[Row], column: str) -> int:
    return max((width(row[column]) for row in rows), default=0)


class _StandIns:
    """Private characters in place of text, one for each column that the text takes.

    tabulate counts a wide character as one column and an accent as another, or asks a library
    that may not be there; characters of our own it always counts as one.
    """

    def __init__(self) -> None:
        self._of: dict[str, str] = {}

    def encode(self, cell: str) -> str:
        if cell.isascii():
            return cell
        return "".join(map(self._encode, clusters(cell)))

    def _encode(self, cluster: str) -> str:
        if cluster.isascii():
            return cluster
        sign = self._of.setdefault(cluster, chr(_FIRST + len(self._of)))
        return sign + _FILLER * (width(cluster) - 1)

    def decode(self, line: str) -> str:
        if line.isascii():
            return line
        back = {sign: cluster for cluster, sign in self._of.items()} | {_FILLER: ""}
        plain = "".join(back.get(character, character) for character in line)
        return plain.replace(HARD_SPACE, " ")
