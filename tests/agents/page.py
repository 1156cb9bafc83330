"""docs/agents.md, taken apart."""

import re
from pathlib import Path

PAGE_FOLDER = Path(__file__).parents[2] / "docs"
PAGE = (PAGE_FOLDER / "agents.md").read_text(encoding="utf-8")
_SCRIPT = re.compile(r"<!-- script: (\S+) -->\n```\w+\n(.*?)^```$", re.DOTALL | re.MULTILINE)
SCRIPTS = dict(_SCRIPT.findall(PAGE))


def section(title: str) -> str:
    """What stands under a heading, up to the next one."""
    found = re.search(rf"^#+ {re.escape(title)}\n(.*?)(?=^#+ |\Z)", PAGE, re.DOTALL | re.MULTILINE)
    assert found, f"no section {title!r}"
    return found[1]


def fenced(text: str, language: str = "") -> list[str]:
    blocks = re.findall(r"^```(\w*)\n(.*?)^```$", text, re.DOTALL | re.MULTILINE)
    return [block for found, block in blocks if found == language]
