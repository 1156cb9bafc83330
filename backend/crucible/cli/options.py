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


def examples(*lines: str) -> str:
    """An epilog of examples, kept line by line."""
    return "\b\nExamples:\n" + "\n".join(f"  {line}" for line in lines)
