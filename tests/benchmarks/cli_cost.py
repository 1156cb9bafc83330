"""(c) What `crucible runs` and `crucible --help` cost in CPU, beside the least that they could.

The floor is a script that imports click, tabulate and SQLAlchemy Core and sends the very
statements that `crucible runs` sends. CPU is user + system time of the whole process, the
median over processes that take turns, so that a busy machine is busy for all of them.
"""

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from click.testing import CliRunner
from sqlalchemy import Engine, event
from tests.benchmarks.report import Goal, Sample, Scale, Section, table

from crucible.cli import main as crucible

HELP_MS = 120.0
RATIO = 1.5

FLOOR = """
import json, sys
import click, tabulate
from sqlalchemy import create_engine
database, asked = sys.argv[1:]
with create_engine("sqlite:///" + database).connect() as connection:
    for statement, parameters in json.load(open(asked)):
        connection.exec_driver_sql(statement, tuple(parameters)).fetchall()
"""


def run(scale: Scale) -> Section:
    runs, times = (3, 1) if scale.tiny else (10_000, 15)
    found = measured(runs, times)
    floor = found["floor"].median
    rows = [
        [
            words,
            found[name].shown(),
            "" if name == "help" else f"{found[name].median / floor:.2f} x",
        ]
        for name, words in (
            ("help", "`crucible --help`"),
            ("floor", "floor: the same SQL"),
            ("table", "`crucible runs`"),
            ("json", "`crucible runs --format json`"),
        )
    ]
    return Section(
        "c",
        "The command line beside its floor",
        f"{_said(__doc__)}\n\n{runs:,} runs, {times} processes of each.\n\n"
        + table(["", "CPU of a process", "over the floor"], rows),
        [
            Goal("`crucible --help`", found["help"].median, HELP_MS, "ms"),
            Goal("`crucible runs` over the floor", found["table"].median / floor, RATIO, "x"),
        ],
    )


def _said(doc: str | None) -> str:
    """The second paragraph of the module's docstring: how it is measured."""
    return " ".join((doc or "").strip().split("\n\n")[-1].split())


def measured(runs: int, times: int) -> dict[str, Sample]:
    """Milliseconds of CPU by name: help, floor, table, json."""
    with tempfile.TemporaryDirectory() as folder, _history(Path(folder), runs) as environ:
        database, asked = Path(folder, "crucible.sqlite3"), Path(folder, "asked.json")
        asked.write_text(json.dumps(_statements(environ)))
        command = [sys.executable, "-m", "crucible.cli"]
        commands = {
            "help": [*command, "--help"],
            "floor": [sys.executable, "-c", FLOOR, str(database), str(asked)],
            "table": [*command, "runs"],
            "json": [*command, "runs", "--format", "json"],
        }
        taken: dict[str, list[float]] = {name: [] for name in commands}
        for _ in range(times + 1):
            for name, words in commands.items():
                taken[name].append(_cpu(words, environ))
        # The first of each also wrote bytecode and filled the page cache.
        return {name: Sample(each[1:]) for name, each in taken.items()}


@contextmanager
def _history(folder: Path, runs: int) -> Iterator[dict[str, str]]:
    ours = ("CRUCIBLE_", "OPENAI_")
    kept = {name: value for name, value in os.environ.items() if not name.startswith(ours)}
    environ = {**kept, "CRUCIBLE_DATABASE_URL": f"sqlite:///{folder}/crucible.sqlite3"}
    made = ["db", "sample", "--runs", str(runs)]
    subprocess.run(
        [sys.executable, "-m", "crucible.cli", *made], env=environ, check=True, capture_output=True
    )
    yield environ


def _statements(environ: dict[str, str]) -> list[tuple[str, Any]]:
    """What `crucible runs` sends."""
    sent: list[tuple[str, Any]] = []

    def note(_conn: Any, _cursor: Any, statement: str, parameters: Any, *_more: Any) -> None:
        if statement.lstrip().upper().startswith(("SELECT", "WITH")):
            sent.append((statement, parameters))

    event.listen(Engine, "before_cursor_execute", note)
    try:
        ran = CliRunner().invoke(crucible, ["runs"], env=environ)
    finally:
        event.remove(Engine, "before_cursor_execute", note)
    assert ran.exit_code == 0 and sent, ran.output
    return sent


def _cpu(words: list[str], environ: dict[str, str]) -> float:
    """User and system time of one process, in milliseconds."""
    process = subprocess.Popen(words, env=environ, stdout=subprocess.DEVNULL)
    _, status, used = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    assert process.returncode == 0, words
    return (used.ru_utime + used.ru_stime) * 1000
