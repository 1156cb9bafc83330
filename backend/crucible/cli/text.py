"""Text on a terminal: how wide it is, how it is cut, and what must never reach the screen."""

import os
import re
import sys
import unicodedata
from typing import Any

import click

ELLIPSIS = "…"
READING_WIDTH = 100

_ESCAPES = re.compile(
    r"\x1b\[[0-?]*[ -/]*[@-~]"  # colours and cursor moves
    r"|\x1b[\]PX^_].*?(?:\x07|\x1b\\|$)"  # titles, links and other strings
    r"|\x1b[ -/]*[0-~]",
    re.DOTALL,
)
_MARKS = ("Mn", "Me", "Mc")

HIDDEN = "\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff\U000e0000-\U000e007f"
"""What reorders text, or is not seen in it and still read by programs: marks of direction, odd
separators of lines, the byte order mark, tag characters. As part of a set of characters."""
_OBEYED = re.compile(f"(?!\x1b\\[[0-9;]*m)[\x00-\x08\x0b-\x1f\x7f-\x9f{HIDDEN}]")


def clean(text: str) -> str:
    """One printable line: no escapes, no control, format or direction characters.

    Labels and titles come from anyone. Joiners and variation selectors go too, since terminals
    do not agree on the width of what they make.
    """
    plain = unicodedata.normalize("NFC", _ESCAPES.sub("", text))
    kept = (_printable(character) for character in plain)
    return " ".join("".join(kept).split())


def harmless(text: str) -> str:
    """The same lines without what a terminal obeys, colours aside."""
    return _OBEYED.sub("", text)


def _printable(character: str) -> str:
    category = unicodedata.category(character)
    if category in ("Cc", "Zl", "Zp"):
        return " "
    if category == "Cf" or "\ufe00" <= character <= "\ufe0f":
        return ""
    return "\ufffd" if category in ("Cs", "Co", "Cn") else character


def clusters(text: str) -> list[str]:
    """Characters with the marks that sit on them."""
    found: list[str] = []
    for character in text:
        if found and unicodedata.category(character) in _MARKS:
            found[-1] += character
        else:
            found.append(character)
    return found


def width(text: str) -> int:
    """Columns that cleaned text takes; colour codes take none."""
    return sum(map(_cluster_width, clusters(click.unstyle(text))))


def _cluster_width(cluster: str) -> int:
    return 2 if unicodedata.east_asian_width(cluster[0]) in ("W", "F") else 1


def cut(text: str, room: int) -> str:
    """At most `room` columns of `text` (without colour), ending in an ellipsis if cut."""
    if width(text) <= room:
        return text
    return (_head(text, room - 1).rstrip() + ELLIPSIS) if room > 0 else ""


def _head(text: str, room: int) -> str:
    """The characters of `text` that fit into `room` columns."""
    kept, used = "", 0
    for cluster in clusters(text):
        used += _cluster_width(cluster)
        if used > room:
            break
        kept += cluster
    return kept


def wrap(text: str, room: int) -> list[str]:
    """Lines of at most `room` columns, broken between words where that is possible."""
    lines: list[str] = []
    line = ""
    for word in text.split():
        while width(word) > room:
            if line:
                lines.append(line)
                line = ""
            head = _head(word, room) or word[:1]
            lines.append(head)
            word = word[len(head) :]
        joined = f"{line} {word}" if line and word else line or word
        if width(joined) > room:
            lines.append(line)
            joined = word
        line = joined
    return [*lines, line] if line or not lines else lines


class Screen:
    """What stdout is: its width (None when piped), and whether it takes colour."""

    def __init__(self, columns: int | None, colour: bool) -> None:
        self.columns = columns
        self.colour = colour

    @classmethod
    def of(cls, stream: Any = None) -> "Screen":
        stream = sys.stdout if stream is None else stream
        if not is_terminal(stream):
            return cls(None, False)
        # Also for stderr: with the answer going to a program, nothing is coloured or redrawn.
        plain = os.environ.get("NO_COLOR") or os.environ.get("TERM") == "dumb"
        return cls(_columns(stream), not plain and is_terminal(sys.stdout))

    @property
    def terminal(self) -> bool:
        return self.columns is not None

    def style(self, text: str, **style: Any) -> str:
        return click.style(text, **style) if self.colour and text else text

    def dim(self, text: str) -> str:
        return self.style(text, dim=True)

    def fit(self, text: str, room: int | None = None) -> str:
        """`text` cut to the screen (or to `room`); as it is when piped."""
        if self.columns is None:
            return text
        return cut(text, max(1, self.columns if room is None else room))


def is_terminal(stream: Any) -> bool:
    try:
        return bool(stream.isatty())
    except (AttributeError, ValueError):  # closed, or None
        return False


def _columns(stream: Any) -> int:
    # COLUMNS wins, as in other tools: it is how a person or a test asks for a width.
    try:
        asked = int(os.environ.get("COLUMNS", ""))
    except ValueError:
        asked = 0
    if asked <= 0:
        try:
            asked = os.get_terminal_size(stream.fileno()).columns
        except (OSError, ValueError):
            asked = 80
    return asked or 80


def wrapped(sentence: str, screen: Screen, room: int | None = None) -> list[str]:
    """Whole when piped; on a terminal broken at its width, or at what is good to read."""
    if screen.columns is None:
        return [sentence]
    return wrap(sentence, min(READING_WIDTH, room or screen.columns))
