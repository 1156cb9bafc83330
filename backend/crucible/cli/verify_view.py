"""What `verify` found, in words."""

from collections.abc import Sequence
from typing import Any

from crucible.cli import format
from crucible.cli.grid import fit, lay_out
from crucible.cli.text import Screen, clean, wrapped

Checked = dict[str, Any]


def together(checked: Sequence[Checked]) -> dict[str, Any]:
    """The answer about all runs as one JSON value."""
    return {"ok": all(each["ok"] for each in checked), "runs": list(checked)}


def render(checked: Sequence[Checked], screen: Screen) -> str:
    if not checked:
        return "No runs yet: nothing to verify."
    if len(checked) == 1:
        return "\n".join(_one(checked[0], screen))
    wrong = [each for each in checked if not each["ok"]]
    lines = [line for each in wrong for line in _one(each, screen)]
    partly = sum(bool(each["not_covered"]) for each in checked)
    said = f"{format.plural(len(checked), 'run')} verified · {len(wrong):,} differing"
    return "\n".join([*lines, said + (f" · {partly:,} covered in part" if partly else "")])


def in_a_line(checked: Checked) -> str:
    """For the end of a run: whether it adds up, and where it does not."""
    if checked["ok"]:
        return "✓ verified: what was recorded adds up"
    wrong = "; ".join(_difference(found) for found in checked["differences"])
    return f"✕ verify found {format.plural(len(checked['differences']), 'difference')}: {wrong}"


def _difference(found: dict[str, Any]) -> str:
    stored, recomputed = _shown(found["stored"]), _shown(found["recomputed"])
    return f"{clean(str(found['what']))} is stored as {stored}, recomputed {recomputed}"


def _one(each: Checked, screen: Screen) -> list[str]:
    mark = "✓" if each["ok"] else "✕"
    said = "adds up" if each["ok"] else format.plural(len(each["differences"]), "difference")
    head = screen.style(f"{mark} #{each['number']}", fg="green" if each["ok"] else "red")
    lines = [f"{head}  {said}  {screen.dim(each['run_id'])}"]
    lines += _list("verified", each["covered"], screen)
    lines += _list("not covered", each["not_covered"], screen)
    rows = [
        {
            "what": clean(str(found["what"])),
            "stored": f"stored {_shown(found['stored'])}",
            "recomputed": f"recomputed {_shown(found['recomputed'])}",
        }
        for found in each["differences"]
    ]
    laid = lay_out(*fit(rows, ("what", "stored", "recomputed"), None))
    return lines + [f"  {line}" for line in laid]


def _list(title: str, things: Sequence[str], screen: Screen) -> list[str]:
    if not things:
        return []
    said = f"{title}: {'; '.join(map(clean, things))}"
    return [f"  {line}" for line in wrapped(said, screen, (screen.columns or 4) - 2)]


def _shown(value: Any) -> str:
    return "unknown" if value is None else clean(str(value))
