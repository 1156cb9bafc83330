"""`crucible doctor` in words."""

import os
import re
from typing import Any

from crucible.cli import format
from crucible.cli.text import Screen, clean, wrapped

Found = dict[str, Any]

MARKS = {"ok": "✓", "warning": "▲", "failed": "✕", "skipped": "○"}
COLOURS = {"ok": "green", "warning": "yellow", "failed": "red", "skipped": "cyan"}
NAMES = 11
STATES = 9
INDENT = NAMES + STATES + 3


def check(found: Found, screen: Screen) -> str:
    status = found["status"]
    head = screen.style(f"{MARKS[status]} {status}".ljust(STATES), fg=COLOURS[status], bold=True)
    name = found["name"].replace("_", " ").ljust(NAMES)
    room = max(20, (screen.columns or 0) - INDENT)
    said = wrapped(_short(clean(found["detail"])), screen, room)
    # Not broken: it is there to be copied.
    fix = [f"→ {clean(found['fix'])}"] if found["fix"] else []
    first, *rest = [*said, *fix]
    return "\n".join([f"{head}  {name} {first}", *(" " * INDENT + line for line in rest)])


def _short(said: str) -> str:
    """With the home folder as `~`. Not in what there is to copy, where quotes may be around it."""
    home = os.path.expanduser("~").rstrip("/")
    return re.sub(rf"(?<![\w./-]){re.escape(home)}(?=/)", "~", said) if home else said


def end(found: Found, screen: Screen) -> str:
    states = [each["status"] for each in found["checks"]]
    parts = [
        format.plural(count, "warning") if status == "warning" else f"{count} {status}"
        for status in MARKS
        if (count := states.count(status))
    ]
    return f"\n{format.plural(len(states), 'check')}: {', '.join(parts)}"
