"""What a run is asked to do, as options and as the request that they make."""

from collections.abc import Callable
from typing import Any, TypeVar

import click

from crucible.cli.options import budget_of, budget_options
from crucible.cli.runs import MODES

F = TypeVar("F", bound=Callable[..., Any])

_OPTIONS = (
    click.option(
        "--candidates", "num_candidates", type=click.IntRange(1, 50), help="5 unless given."
    ),
    click.option(
        "--scenarios", "num_scenarios", type=click.IntRange(1, 50), help="8 unless given."
    ),
    click.option("--mode", type=click.Choice(MODES), help="full_search unless given."),
    click.option(
        "--candidate",
        "given",
        multiple=True,
        metavar="TITLE[:DESCRIPTION]",
        help="A candidate to start from, for eval_only and seeded; repeatable.",
    ),
    click.option("--model", help="The model to ask; CRUCIBLE_LLM_MODEL unless given."),
    budget_options,
)


def request_options(command: F) -> F:
    """`--candidates`, `--mode`, `--max-cost-usd` and their like."""
    for option in reversed(_OPTIONS):
        command = option(command)
    return command


def request_of(options: dict[str, Any]) -> dict[str, Any]:
    """The request that these options make, checked. Raises Invalid naming the field."""
    from crucible import schemas  # noqa: PLC0415 - marshmallow: not for `--help`

    return schemas.load(schemas.RunInputSchema(), unchecked_request(options))


def unchecked_request(options: dict[str, Any]) -> dict[str, Any]:
    """The same, for a `Source` to check: as a body of the API."""
    given = [_candidate(text) for text in options.pop("given")]
    options["budget"] = budget_of(options)
    said = {name: value for name, value in options.items() if value is not None}
    if given:
        said["candidates"] = given
    return said


def _candidate(text: str) -> dict[str, str]:
    title, _, description = text.partition(":")
    return {"title": title.strip(), "description": description.strip()}
