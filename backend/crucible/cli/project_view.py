"""Projects, for a person."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

from crucible.cli import format, run_words
from crucible.cli.grid import Row, fit, lay_out
from crucible.cli.text import Screen, clean, wrapped

BULLET = "• "
COLUMNS = ("id", "title", "last", "age", "failed", "spent")


def render_list(projects: Sequence[dict[str, Any]], screen: Screen, now: datetime) -> str:
    if not projects:
        return "No projects yet.\nnext: crucible projects create --help"
    rows, columns = fit(
        [_row(project, screen, now) for project in projects],
        COLUMNS,
        screen.columns,
        flexible="title",
        dispensable=("spent", "failed", "age", "id"),
    )
    styled = [
        {**row, "last": run_words.coloured(screen, _status(project), row["last"])}
        for row, project in zip(rows, projects, strict=True)
    ]
    first = projects[0]["id"]
    footer = screen.dim(f"next: crucible runs --project-id {first}")
    return "\n".join([*lay_out(styled, columns), format.plural(len(rows), "project"), footer])


def _row(project: dict[str, Any], screen: Screen, now: datetime) -> Row:
    last = project["last_run"]
    spent = format.money(project["cost_7d_usd"], project["unpriced_calls_7d"])
    failed = project["failed_24h"]
    row = {
        "id": project["id"],
        "title": clean(project["title"]),
        "last": "no runs",
        "age": "",
        "failed": f"{failed:,} failed in 24 h" if failed else "",
        "spent": f"{spent} in 7 d" if project["cost_7d_usd"] != 0 else "",
    }
    if not last:
        return row
    age = format.ago(last["created_at"], now) if screen.terminal else last["created_at"]
    said = f"{run_words.mark(last['status'])} #{last['number']} {last['status']}"
    return {**row, "last": said, "age": age}


def _status(project: dict[str, Any]) -> str:
    return str(project["last_run"]["status"]) if project["last_run"] else ""


def render(project: dict[str, Any], screen: Screen) -> str:
    blocks = [
        [screen.style(clean(project["title"]), bold=True), screen.dim(project["id"])],
        _paragraphs(project["description"], screen),
        _titled("Goals", _bullets(map(clean, project["goals"]), screen), screen),
        _titled("Constraints", _bullets(_constraints(project["constraints"]), screen), screen),
        _titled("World", _paragraphs(project["world_model"] or "", screen), screen),
        [screen.dim(f"next: crucible test-run --project-id {project['id']}")],
    ]
    return "\n\n".join("\n".join(block) for block in blocks if block)


def _titled(title: str, lines: Sequence[str], screen: Screen) -> list[str]:
    return [screen.style(title, bold=True), *lines] if lines else []


def _bullets(items: Iterable[str], screen: Screen) -> list[str]:
    room = screen.columns and screen.columns - len(BULLET)
    return [
        (BULLET if position == 0 else " " * len(BULLET)) + line
        for item in items
        for position, line in enumerate(wrapped(item, screen, room))
    ]


def _paragraphs(text: str, screen: Screen) -> list[str]:
    return [part for line in text.splitlines() for part in wrapped(clean(line), screen) or [""]]


def _constraints(constraints: Sequence[dict[str, Any]]) -> list[str]:
    return [
        f"{clean(each['name'])} ({'hard' if each['weight'] == 100 else each['weight']})"
        + (f": {clean(each['description'])}" if each["description"] else "")
        for each in constraints
    ]
