"""Options that several commands take, said once."""

from collections.abc import Callable
from typing import Any, TypeVar

import click

from crucible import config, setting_kinds

F = TypeVar("F", bound=Callable[..., Any])


def format_option(*formats: str) -> Callable[[F], F]:
    return click.option(
        "--format",
        "form",
        type=click.Choice(formats or ("table", "json")),
        default="table",
        show_default=True,
        help="How to print the answer.",
    )


def project_option(
    help: str = "A project: id, its first 8 characters or more, or title.",
) -> Callable[[F], F]:
    return click.option(
        "--project-id", "project", metavar="PROJECT", help=help, callback=_refuse_nothing
    )


def _refuse_nothing(
    _context: click.Context, _param: click.Parameter, given: str | None
) -> str | None:
    # An unset variable of a script (`--project-id "$P"`) must not mean all projects.
    if given is not None and not given.strip():
        raise click.BadParameter("takes an id or a title, and is empty")
    return given


def url_option(command: F) -> F:
    """`--url`, for a command that asks through `source.opened`; it may stand before it as well."""
    return click.option(
        "--url",
        metavar="URL",
        expose_value=False,
        callback=_keep_url,
        help="Ask this server, not the database here; CRUCIBLE_URL unless given.",
    )(command)


def _keep_url(context: click.Context, _param: click.Parameter, given: str | None) -> None:
    if given is None:
        return
    try:
        url = setting_kinds.server_url(given)
    except ValueError:
        raise click.BadParameter(f"takes {setting_kinds.server_url.__doc__}") from None
    root = context.find_root()
    root.obj = {**(root.obj or {}), "url": url}


def refuse_url(
    context: click.Context, name: str | None, command: click.Command | None, rest: list[str]
) -> None:
    """Says that a command works here only, when a server was named on the command line for it.

    CRUCIBLE_URL is a setting for those that can ask one. Of the others, those that show or change
    runs refuse as well: what they did here would be taken for done there.
    """
    if context.resilient_parsing:  # a shell that completes words wants no lecture
        return
    words = ["crucible", name or ""]
    while isinstance(command, click.Group) and rest and rest[0] in command.commands:
        command, words, rest = command.commands[rest[0]], [*words, rest[0]], rest[1:]
    if command is None or isinstance(command, click.Group) or {"--help", "-h"} & {*rest}:
        return
    named = "url" in (context.find_root().obj or {}) or any(
        word == "--url" or word.startswith("--url=") for word in rest
    )
    if named and not any(param.name == "url" for param in command.params):
        path = " ".join(words)
        raise click.UsageError(f"`{path}` works on this machine only: it takes no --url.", context)
    here = " ".join(words) in HERE_ONLY or "--here" in rest
    if here and config.load().url:
        raise click.UsageError(
            f"`{' '.join(words)}` works on this machine only, and CRUCIBLE_URL names a server: "
            "unset it to work on the history here.",
            context,
        )


HERE_ONLY = (
    "crucible runs purge",
    "crucible runs verify",
    "crucible runs import",
    "crucible test-run",
)
"""Commands on runs that no server is asked for."""


LIMITS: tuple[tuple[str, "click.ParamType[Any]", str], ...] = (
    ("max_cost_usd", click.FloatRange(0, 1_000_000, min_open=True), "US dollars"),
    ("max_total_tokens", click.IntRange(1, 10**12), "tokens"),
    ("max_llm_calls", click.IntRange(1, 1_000_000), "calls"),
    ("max_duration_seconds", click.FloatRange(0, 31_536_000, min_open=True), "seconds"),
)


def budget_options(command: F) -> F:
    """`--max-cost-usd` and its like: limits on a run."""
    for name, kind, unit in reversed(LIMITS):
        flag = "--" + name.replace("_", "-")
        help = f"End the run before it could use more {unit}."
        command = click.option(flag, name, type=kind, help=help)(command)
    return command


def budget_of(options: dict[str, Any]) -> dict[str, Any] | None:
    """Takes the limits out of a command's options; None when there is none."""
    found = {name: options.pop(name, None) for name, _, _ in LIMITS}
    return found if any(value is not None for value in found.values()) else None


def examples(*lines: str) -> str:
    """An epilog of examples, kept line by line."""
    return "\b\nExamples:\n" + "\n".join(f"  {line}" for line in lines)
