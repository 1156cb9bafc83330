"""`--json FIELDS`: an answer as JSON with chosen fields only, as `gh` has it.

A command takes it by one decorator and one changed call:

    @format_option()
    @fields.json_option("summary")
    def list_(form: str, ...) -> None:
        ...
            fields.value(page, of="runs")     # instead of emit.value(page)
"""

import functools
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any, TypeVar

import click

from crucible.cli import emit

F = TypeVar("F", bound=Callable[..., Any])
Tree = dict[str, Any]
Path = tuple[str, ...]

_KEY = "crucible.cli.fields"
_ANY = "*"
_HELP = (
    "Print these fields as JSON, each under its name as given here: comma-separated, dotted for "
    "what lies below one (error.kind). Without FIELDS: says which there are."
)


def json_option(answer: str, form: str = "json") -> Callable[[F], F]:
    """Adds `--json FIELDS`; `answer` is a key of `field_names.FIELDS`. Where it is used, the
    command gets `form` instead of the default of its `--format`."""

    def decorate(command: F) -> F:
        @functools.wraps(command)
        def asked(*args: Any, json_fields: str | None, **given: Any) -> Any:
            if json_fields is not None:
                context = click.get_current_context()
                context.meta[_KEY] = chosen(json_fields, answer)
                given["form"] = _form(context, given["form"], form)
            return command(*args, **given)

        option = click.option(
            "--json",
            "json_fields",
            metavar="FIELDS",
            is_flag=False,
            flag_value="",
            help=_HELP,
            shell_complete=functools.partial(_complete, answer),
        )
        return option(asked)  # type: ignore[return-value]  # click keeps the type

    return decorate


def _form(context: click.Context, given: str, form: str) -> str:
    source = context.get_parameter_source("form")
    if source is click.core.ParameterSource.DEFAULT:
        return form
    if given not in ("json", "jsonl"):
        raise click.UsageError(f"--json FIELDS prints JSON: leave out --format {given}.")
    return given


def value(found: Any, of: str | None = None) -> None:
    """The answer as one JSON value: whole, or the chosen fields of it. In a page, those of the
    items under `of`, as a list."""
    paths = _asked_for()
    if paths is None:
        emit.value(found)
    elif of is None:
        emit.value(picked(found, paths))
    else:
        emit.value([picked(item, paths) for item in found[of]])


def lines(found: Iterable[Any]) -> None:
    """The answers as JSON lines, whole or the chosen fields of them."""
    paths = _asked_for()
    emit.lines(found if paths is None else (picked(item, paths) for item in found))


def _asked_for() -> Sequence[Path] | None:
    context = click.get_current_context(silent=True)
    return context.meta.get(_KEY) if context else None


def picked(found: Any, paths: Sequence[Path]) -> dict[str, Any]:
    """A flat object: each field under its name as it was asked for. What lies below a list is a
    list; what lies below something that is not there is null."""
    return {".".join(path): _at(found, path) for path in paths}


def _at(found: Any, path: Path) -> Any:
    if not path:
        return found
    if isinstance(found, list):
        return [_at(item, path) for item in found]
    if not isinstance(found, Mapping):
        return None
    rest = ".".join(path)
    # A name that is data may have dots of its own: `llm_usage.total.models.gpt-5.1`.
    return found[rest] if rest in found else _at(found.get(path[0]), path[1:])


def chosen(asked: str, answer: str) -> list[Path]:
    """The fields named in a comma-separated list. Raises click.UsageError for one that is not
    there, with those that are."""
    known = names(answer)
    words = [word.strip() for word in asked.split(",") if word.strip()]
    if not words:
        raise click.UsageError(
            "Specify one or more comma-separated fields for --json.\n" + _listed("Fields", known)
        )
    paths = [tuple(word.split(".")) for word in words]
    for path in paths:
        _check(path, known)
    return list(dict.fromkeys(paths))


def names(answer: str) -> Tree:
    """Every field of an answer, with those below it."""
    from crucible.cli.field_names import FIELDS  # noqa: PLC0415 - only where fields are chosen

    words = iter(re.findall(r"[^\s()]+|[()]", FIELDS[answer]))
    return _tree(words)


def _tree(words: Iterator[str]) -> Tree:
    found: Tree = {}
    last = ""
    for word in words:
        if word == ")":
            break
        if word == "(":
            found[last] = _tree(words)
        else:
            found[last := word] = {}
    return found


def _check(path: Path, known: Tree) -> None:
    for depth, name in enumerate(path):
        if _ANY in known and not known[_ANY]:
            return  # the name is data, dots and all
        below = known.get(name, known.get(_ANY))
        if below is None:
            raise click.UsageError(_unknown(path, depth, known))
        known = below


def _unknown(path: Path, depth: int, known: Tree) -> str:
    from difflib import get_close_matches  # noqa: PLC0415 - only for a mistake

    said = f"There is no field '{'.'.join(path)}'."
    near = get_close_matches(path[depth], known, 1)
    if near:
        meant = ".".join([*path[:depth], near[0], *path[depth + 1 :]])
        said += f" Did you mean '{meant}'?"
    if not known:
        return f"{said} Nothing lies below '{'.'.join(path[:depth])}'."
    where = f"Fields below '{'.'.join(path[:depth])}'" if depth else "Fields"
    return f"{said}\n{_listed(where, known)}"


def _listed(where: str, known: Tree) -> str:
    """Those that have more below them end in a dot."""
    shown = ", ".join(name + ("." if below else "") for name, below in known.items())
    return "\n".join(f"  {line}" for line in _wrapped(shown)).join([f"{where}:\n", ""])


def _wrapped(text: str) -> list[str]:
    from crucible.cli.text import wrap  # noqa: PLC0415 - only for a mistake

    return wrap(text, 88)


def _complete(
    answer: str, _context: click.Context, _param: click.Parameter, incomplete: str
) -> list[str]:
    """For a shell: the names that the last word of the list may become."""
    before, comma, last = incomplete.rpartition(",")
    *above, begun = last.split(".")
    known = names(answer)
    for name in above:
        known = known.get(name) or {}
    prefix = before + comma + "".join(f"{name}." for name in above)
    return [prefix + name for name in known if name.startswith(begun) and name != _ANY]
