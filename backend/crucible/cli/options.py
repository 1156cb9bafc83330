"""Options that several commands take, said once."""

from collections.abc import Callable
from typing import Any, TypeVar

import click

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
    return click.option("--project-id", "project", metavar="PROJECT", help=help)


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
