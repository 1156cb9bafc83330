"""`crucible runs export` and `crucible runs import`: history as JSON lines."""

import dataclasses
import os
import stat
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, BinaryIO, TextIO

import click

from crucible import config
from crucible.cli import emit, source, state
from crucible.cli.options import examples, format_option, project_option, url_option
from crucible.cli.text import is_terminal
from crucible.errors import CrucibleError
from crucible.ids import new_id

# As `crucible.models.values` has them; a test holds them together.
STATUSES = ("created", "running", "completed", "failed", "cancelled")
MODES = ("full_search", "eval_only", "seeded")
_TOLD_EACH = 10_000
"""Lines after which a person that waits is told."""


@click.command(
    short_help="Write runs as JSON lines.",
    epilog=examples(
        "crucible runs export -o history.jsonl",
        "crucible runs export --project-id 'Checkout p99' --since 30d | gzip > last.jsonl.gz",
        "crucible runs export | CRUCIBLE_DATABASE_URL=sqlite:////tmp/b.db crucible runs import -",
        "crucible runs export --full -o everything.jsonl",
    ),
)
@click.option(
    "--format", "form", type=click.Choice(["jsonl"]), default="jsonl", help="One run a line."
)
@project_option("Only runs of this project: id, its first 8 characters or more, or title.")
@click.option(
    "--status", "statuses", multiple=True, type=click.Choice(STATUSES), help="May be repeated."
)
@click.option("--mode", type=click.Choice(MODES), help="Only runs of this mode.")
@click.option("--since", metavar="WHEN", help="Created then or later: 24h, 7d, or RFC 3339.")
@click.option("--until", metavar="WHEN", help="Created before then.")
@click.option("--full", is_flag=True, help="With calls, results and projects: all there is.")
@click.option("-o", "--output", type=click.Path(path_type=Path), help="A file, instead of stdout.")
@url_option
def export(form: str, project: str | None, output: Path | None, **asked: Any) -> None:
    """Write runs as JSON lines, oldest first, for `crucible runs import` or any other program.

    Each line is the summary of a run, as `crucible runs list --format jsonl` prints it, with its
    `config`, `budget`, `estimate`, `attempts` and, if it was resumed, `phases`. Calls and results
    are not in it, unless with --full: then a line also has the run's whole `record`, and each
    project has a line of its own (docs/moving.md). A server gives the summaries alone. A file is
    written under another name and renamed when it is whole.
    """
    if output is None or str(output) == "-":
        for page in _pages(project, asked):
            if page and not _written(page):
                return
        return
    count = 0
    with _replaced(output) as file:
        for page in _pages(project, asked):
            file.writelines(emit.dumps(run) + "\n" for run in page)
            count += sum("id" in line for line in page)
    click.echo(f"{output}: {count:,} {'run' if count == 1 else 'runs'}", err=True)


def _pages(project: str | None, given: dict[str, Any]) -> Iterator[list[dict[str, Any]]]:
    query: dict[str, Any] = {
        name: value or None for name, value in given.items() if name not in ("statuses", "full")
    }
    with source.opened() as asked:
        found = asked.history(project, full=given["full"], status=given["statuses"], **query)
        yield from found


def _written(page: list[dict[str, Any]]) -> bool:
    """Writes a page to stdout; False once nobody reads it any more."""
    before = _stdout()
    emit.text("\n".join(map(emit.dumps, page)))
    return _stdout() == before


def _stdout() -> object:
    """What stdout is. `emit` points it nowhere when its reader has gone."""
    try:
        found = os.fstat(sys.stdout.fileno())
    except (OSError, ValueError):  # not a real file, as under a test
        return id(sys.stdout)
    return found.st_dev, found.st_ino


@contextmanager
def _replaced(path: Path) -> Iterator[TextIO]:
    """A file that takes its name only when it is whole."""
    try:
        if path.exists() and not path.is_file():  # a pipe or a device: there is nothing to replace
            with path.open("w", encoding="utf-8") as file:
                yield file
            return
        real = Path(os.path.realpath(path))
        part = real.with_name(f".{real.name[:100]}.{new_id()}.part")
        try:
            with open(part, "x", encoding="utf-8", newline="\n", opener=_private) as file:
                if real.exists():
                    os.chmod(part, stat.S_IMODE(real.stat().st_mode))
                yield file
                file.flush()
                os.fsync(file.fileno())
            part.replace(real)
        except BaseException:
            with suppress(OSError):
                part.unlink()
            raise
    except OSError as error:
        raise CrucibleError(f"{path} cannot be written: {error.strerror or error}") from error


def _private(path: str, flags: int) -> int:
    """Like the database itself: prompts and answers may stand in it."""
    return os.open(path, flags, 0o600)


@click.command(
    "import",
    short_help="Add runs from JSON lines.",
    epilog=examples(
        "crucible runs import history.jsonl",
        "gunzip -c last.jsonl.gz | crucible runs import -",
    ),
)
@click.argument("lines", metavar="FILE", type=click.File("rb"))
@format_option()
def import_(lines: BinaryIO, form: str) -> None:
    """Add runs from JSON lines: run summaries, as `crucible runs export` writes them.

    FILE is a file, or - for stdin. All lines are added or, when one is broken, none. A run whose
    id is here already is left as it is; a number that is taken becomes the next free one of its
    project; a project that is not here is made, titled by the line's `project_title`. What a line
    lacks is not known here either: only `id`, `project_id`, `status` and `created_at` must be
    there.

    A line of `export --full` brings everything: `ledger` stays what it was, and `crucible runs
    verify` holds here as it did there. In any other line calls and results are not, so `ledger`
    becomes `absent`, and the run cannot be resumed here. A run that was live where its line was
    written is added as `failed` (`worker_lost`), ended at its last sign of life: nobody here works
    on it.
    """
    from crucible import migrate  # noqa: PLC0415 - SQLAlchemy: not for `--help`
    from crucible.scrub import Scrubber  # noqa: PLC0415
    from crucible.services.history.importing import import_runs  # noqa: PLC0415

    settings = config.load()
    migrate.ensure(settings.database_url)
    with state.opened(settings.database_url) as database:
        report = import_runs(database, lines, Scrubber(settings.secrets()), _told())
    found = dataclasses.asdict(report)
    emit.value(found) if form == "json" else emit.text(_said(found))


def _told() -> Any:
    """Tells a person that waits how many lines have been read."""
    said = 0

    def tell(read: int) -> None:
        nonlocal said
        if read // _TOLD_EACH > said:
            said = read // _TOLD_EACH
            click.echo(f"{read:,} lines read", err=True)

    return tell if is_terminal(sys.stderr) else lambda read: None


def _said(report: dict[str, int]) -> str:
    also = {
        "unchanged": "here already, unchanged",
        "renumbered": "given the next free number, since theirs was taken or missing",
        "was_live": "live where they came from; here failed (worker_lost)",
        "projects_created": "project made" if report["projects_created"] == 1 else "projects made",
    }
    lines = [f"{report['imported']:,} of {report['read']:,} runs imported"]
    if report["calls"] or report["evaluations"]:
        lines.append(f"  {report['calls']:,} calls and {report['evaluations']:,} evaluations")
    lines += [f"  {report[name]:,} {words}" for name, words in also.items() if report[name]]
    return "\n".join([*lines, "next: crucible runs"])
