"""Draws docs/images/terminal.svg from real commands on a terminal: `make recording`.

The history is `crucible db sample`'s; what is typed and what is answered is not staged. The
picture follows the reader's light or dark scheme.
"""

import json
import re
import sys
import tempfile
from collections.abc import Iterator
from html import escape
from pathlib import Path

from tests.cli.process import crucible, environment, on_terminal

from crucible.cli.text import clusters, width

COLUMNS = 100
SHOWN_LINES = 21
"""Of `runs show`: the head, the failure, the phases and what they made."""

PROJECT, RUNS, SEED = "Checkout p99", 240, 11

CELL, LINE, MARGIN = 8.4, 19, 20
CLASSES = {"1": "b", "2": "d", "31": "r", "32": "g", "33": "y", "36": "c"}
STYLE = """
  svg { --paper: #ffffff; --edge: #d0d7de; --ink: #1f2328; --dim: #656d76; --red: #cf222e;
        --green: #1a7f37; --yellow: #9a6700; --cyan: #0b7285 }
  @media (prefers-color-scheme: dark) {
    svg { --paper: #0d1117; --edge: #30363d; --ink: #e6edf3; --dim: #8b949e; --red: #ff7b72;
          --green: #3fb950; --yellow: #d29922; --cyan: #39c5cf } }
  rect { fill: var(--paper); stroke: var(--edge) }
  text { font: 14px ui-monospace, SFMono-Regular, Menlo, Consolas, "DejaVu Sans Mono", monospace;
         fill: var(--ink); white-space: pre }
  .b { font-weight: 600 } .d { fill: var(--dim) } .r { fill: var(--red) }
  .g { fill: var(--green) } .y { fill: var(--yellow) } .c { fill: var(--cyan) }
"""


def session(folder: Path) -> Iterator[str]:
    """The lines on the screen, with their colour codes."""
    env = environment(CRUCIBLE_DATABASE_URL=f"sqlite:///{folder}/sample.sqlite3")
    sample = ("db", "sample", "--runs", str(RUNS), "--seed", str(SEED), "--project", PROJECT)
    made = crucible(*sample, env=env)
    assert made.returncode == 0, made.stderr
    asked = ("runs", "--status", "failed", "--limit", "1", "--json", "number")
    failed = json.loads(crucible(*asked, env=env).stdout)[0]["number"]
    for args in (("runs", "--since", "6h"), ("runs", "health"), ("runs", "show", str(failed))):
        yield f"\x1b[2m$\x1b[0m \x1b[1mcrucible {' '.join(args)}\x1b[0m"
        shown = on_terminal(*args, env=env, columns=COLUMNS)
        assert shown.exit_code == 0, shown.text
        lines = shown.text.rstrip("\n").split("\n")
        whole = args[1] != "show" or len(lines) <= SHOWN_LINES
        yield from lines if whole else [*lines[:SHOWN_LINES], "", "\x1b[2m…\x1b[0m"]
        yield ""


def svg(lines: list[str]) -> str:
    wide, high = round(COLUMNS * CELL + 2 * MARGIN), len(lines) * LINE + 2 * MARGIN
    drawn = "\n".join(
        text
        for row, line in enumerate(lines)
        for text in texts(line, MARGIN + (row + 1) * LINE - 5)
    )
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {wide} {high}" width="{wide}" '
        f'height="{high}" role="img" aria-label="crucible runs, runs health and runs show">\n'
        f"<style>{STYLE}</style>\n"
        f'<rect x="0.5" y="0.5" width="{wide - 1}" height="{high - 1}" rx="8"/>\n{drawn}\n</svg>\n'
    )


def texts(line: str, y: int) -> Iterator[str]:
    """A `text` for each stretch of one style, put where its column is, whatever the font."""
    column, styles = 0, set[str]()
    for code, stretch in re.findall(r"(?:\x1b\[([0-9;]*)m)?([^\x1b]*)", line):
        for number in code.split(";") if code else ():
            styles = set() if number in ("", "0") else styles | {CLASSES.get(number, "")}
        for word, start in words(stretch):
            kind = f' class="{" ".join(sorted(styles))}"' if styles else ""
            x, length = MARGIN + (column + start) * CELL, width(word) * CELL
            yield (
                f'<text x="{x:.1f}" y="{y}" textLength="{length:.1f}" '
                f'lengthAdjust="spacingAndGlyphs"{kind}>{escape(word, quote=False)}</text>'
            )
        column += width(stretch)


def words(stretch: str) -> Iterator[tuple[str, int]]:
    """Words and the column each begins at; two blanks or more part them."""
    for found in re.finditer(r"\S+(?: \S+)*", stretch):
        yield found[0], sum(width(each) for each in clusters(stretch[: found.start()]))


def main(target: Path) -> None:
    with tempfile.TemporaryDirectory() as folder:
        lines = list(session(Path(folder)))
    target.write_text(svg(lines[:-1]), encoding="utf-8")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
