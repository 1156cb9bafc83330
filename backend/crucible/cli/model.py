"""`crucible model`: bring, look at and remove the embedded model's file."""

import sys
from importlib import metadata
from pathlib import Path
from typing import Any, TextIO

import click

from crucible import config
from crucible.cli import emit
from crucible.cli.options import examples, format_option
from crucible.cli.text import is_terminal
from crucible.extras import adding
from crucible.llm.local import files
from crucible.llm.local.catalog import QWEN
from crucible.llm.local.part import Progress

CANCELLED = 5
"""The exit code for a person who said no."""
WORDS = {"bytes": "on disk", "size_bytes": "full size"}
"""What `status` calls sizes on a terminal: what is here of the file, and what it is to be."""


@click.group(
    epilog=examples("crucible model status", "crucible model fetch", "crucible model remove --yes")
)
def model() -> None:
    """The embedded model: fetch its file, see whether it is there, remove it."""


@model.command(epilog=examples("crucible model fetch"))
def fetch() -> None:
    """Bring the model's file into the user's cache folder and verify it.

    Interrupted, it continues where it stopped. Does nothing when the file is there, or when
    CRUCIBLE_LOCAL_MODEL names one.
    """
    emit.text(str(bring(config.load().local_model)))


def bring(local_model: str | None) -> Path:
    """Fetches the model's file if it is not there, with progress on stderr; its path."""
    with _progress(sys.stderr) as progress:
        return files.fetch(local_model, progress=progress)


@model.command(
    epilog=examples("crucible model status", "crucible model status --format json | jq -r .state")
)
@format_option()
def status(form: str) -> None:
    """Say which file is used, where it lies and whether it is ready."""
    found = _describe(files.status(config.load().local_model))
    if form == "json":
        emit.value(found)
    else:
        emit.text("\n".join(_lines(found)))


@model.command(epilog=examples("crucible model remove", "crucible model remove --yes"))
@click.option("--yes", is_flag=True, help="Do not ask.")
def remove(yes: bool) -> None:
    """Delete the fetched file and what an interrupted fetch left.

    A file that CRUCIBLE_LOCAL_MODEL names is never touched.
    """
    found = files.status(None)
    if found.bytes and not yes and not _agreed(f"Delete {found.path} ({_size(found.bytes)})?"):
        raise click.exceptions.Exit(CANCELLED)
    emit.text(f"{_size(files.remove())} freed")


def _agreed(question: str) -> bool:
    if not is_terminal(sys.stdin):
        raise click.UsageError("There is nobody to ask; --yes deletes without asking.")
    return click.confirm(question, err=True)


def _describe(found: files.Status) -> dict[str, Any]:
    runtime = _runtime_version()
    return {
        "name": found.name,
        "state": found.state,
        "problem": found.problem,
        "source": found.source,
        "path": str(found.path),
        "bytes": found.bytes,
        "size_bytes": found.size_bytes,
        "license": QWEN.license if found.source == "fetched" else None,
        "runtime": runtime and f"xllamacpp {runtime}",
        "hint": None if runtime else f"{adding('local')} adds what runs the model",
    }


def _lines(found: dict[str, Any]) -> list[str]:
    """Sizes for a person on a terminal; exact where they are piped."""
    known = {name: value for name, value in found.items() if value is not None}
    if is_terminal(sys.stdout):
        known |= {name: _size(known[name]) for name in WORDS if name in known}
        known = {WORDS.get(name, name): value for name, value in known.items()}
    return [f"{name.replace('_', ' '):<12}{value}" for name, value in known.items()]


def _runtime_version() -> str | None:
    try:
        return metadata.version("xllamacpp")
    except metadata.PackageNotFoundError:
        return None


def _size(count: int) -> str:
    return f"{count / 1e9:.2f} GB" if count >= 1e9 else f"{count / 1e6:.1f} MB"


class _Bar:
    """A bar on a terminal."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._bar: Any = None
        self._last = 0

    def __enter__(self) -> Progress:
        return self

    def __exit__(self, *error: object) -> None:
        self._close()

    def note(self, text: str) -> None:
        self._close()
        click.echo(text, file=self._stream)

    def advance(self, done: int, total: int) -> None:
        if self._bar is None:
            self._bar = click.progressbar(
                length=total,
                file=self._stream,
                update_min_steps=total // 400,
                item_show_func=lambda _: f"{_size(self._last)} of {_size(total)}",
            )
            self._bar.__enter__()
            self._last = 0
        # Never backwards: the client's temporary files come and go.
        if done > self._last:
            step, self._last = done - self._last, done
            self._bar.update(step)

    def _close(self) -> None:
        if self._bar is not None:
            self._bar.__exit__(None, None, None)
            self._bar = None


class _Lines:
    """A line for every tenth, for a log."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._tenth = 0

    def __enter__(self) -> Progress:
        return self

    def __exit__(self, *error: object) -> None:
        pass

    def note(self, text: str) -> None:
        click.echo(text, file=self._stream)

    def advance(self, done: int, total: int) -> None:
        tenth = done * 10 // total
        if tenth > self._tenth:
            self._tenth = tenth
            click.echo(f"{tenth * 10} % ({_size(done)} of {_size(total)})", file=self._stream)


def _progress(stream: TextIO) -> _Bar | _Lines:
    return _Bar(stream) if stream.isatty() else _Lines(stream)
