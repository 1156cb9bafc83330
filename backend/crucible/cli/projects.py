"""`crucible projects`: list, show, create."""

import json
from typing import Any, TextIO

import click

from crucible.cli import emit, fields
from crucible.cli import source as sources
from crucible.cli.options import examples, format_option, url_option
from crucible.cli.text import Screen
from crucible.clock import SystemClock

FIELDS = ("title", "description", "goals", "constraints")


@click.group(
    epilog=examples(
        "crucible projects list",
        "crucible projects show 'Checkout p99'",
        "crucible projects create --file problem.json",
    )
)
def projects() -> None:
    """List, show and create projects: the problems to work on."""


@projects.command("list", epilog=examples("crucible projects list"))
@format_option()
@fields.json_option("project")
@url_option
def list_(form: str) -> None:
    """List projects, newest first, with their last run."""
    now = SystemClock().now()
    with sources.opened() as asked:
        found = asked.projects()
    if form == "json":
        fields.value(found, of="projects")
        return
    from crucible.cli import project_view  # noqa: PLC0415 - tabulate, for this format only

    emit.text(project_view.render_list(found["projects"], Screen.of(), now))


@projects.command(epilog=examples("crucible projects show 'Checkout p99' --format json"))
@click.argument("project")
@format_option()
@fields.json_option("project")
@url_option
def show(project: str, form: str) -> None:
    """Show one project: its problem, goals and constraints.

    PROJECT is an id, its first 8 characters or more if no other project has them, or a title.
    """
    with sources.opened() as asked:
        found = asked.project(project)
    _print(found, form)


@projects.command(
    short_help="Create a project.",
    epilog=examples(
        "crucible projects create --title 'Checkout p99' --goal 'p99 below 300 ms' \\",
        "    --constraint 'No data loss:100:Every paid order survives a crash'",
        "crucible projects create --file problem.json",
        "crucible projects show 'Checkout p99' --format json | crucible projects create --file -",
    ),
)
@click.option("--title", help="What the problem is called.")
@click.option("--description", help="The problem, as text.")
@click.option("--goal", "goals", multiple=True, help="What a good design achieves; repeatable.")
@click.option(
    "--constraint",
    "constraints",
    multiple=True,
    metavar="NAME:WEIGHT[:DESCRIPTION]",
    help="What a design must respect, weight 0-100, 100 = hard; repeatable.",
)
@click.option(
    "--file",
    "source",
    type=click.File(encoding="utf-8"),
    help="A project as JSON, as `projects show --format json` prints it; `-` is stdin.",
)
@format_option()
@url_option
def create(source: TextIO | None, form: str, **given: Any) -> None:
    """Create a project from options, from a file, or from a file with options over it."""
    data = _from_file(source) | _from_options(given)
    with sources.opened() as asked:
        made = asked.create_project(data)
    _print(made, form)


def _print(project: dict[str, Any], form: str) -> None:
    if form == "json":
        fields.value(project)
        return
    from crucible.cli import project_view  # noqa: PLC0415 - tabulate, for this format only

    emit.text(project_view.render(project, Screen.of()))


def _from_file(source: TextIO | None) -> dict[str, Any]:
    """The project in the file, without what the server adds to one."""
    if source is None:
        return {}
    try:
        found = json.load(source)
    except (ValueError, RecursionError) as error:
        raise click.BadParameter(f"this is not JSON: {error}", param_hint="--file") from None
    if not isinstance(found, dict):
        raise click.BadParameter("takes one JSON object", param_hint="--file")
    if "id" not in found:
        return found
    # What `projects show` printed: keep the problem, leave the row.
    return {name: found[name] for name in (*FIELDS, "world_model") if name in found}


def _from_options(given: dict[str, Any]) -> dict[str, Any]:
    said = {name: value for name, value in given.items() if value}
    if "goals" in said:
        said["goals"] = list(said["goals"])
    if "constraints" in said:
        said["constraints"] = [_constraint(text) for text in said["constraints"]]
    return said


def _constraint(text: str) -> dict[str, Any]:
    name, _, rest = text.partition(":")
    weight, _, description = rest.partition(":")
    try:
        return {
            "name": name.strip(),
            "weight": int(weight),
            "description": description.strip(),
        }
    except ValueError:
        raise click.BadParameter(
            f"{text!r} is not NAME:WEIGHT or NAME:WEIGHT:DESCRIPTION with a whole weight",
            param_hint="--constraint",
        ) from None
