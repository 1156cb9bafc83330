"""What docs/agents.md says is so."""

import json
import re
import subprocess
from typing import Any

import pytest
from tests.agents.page import PAGE, PAGE_FOLDER, fenced, section
from tests.cli.process import inside
from tests.lab import Lab

from crucible.cli import local_source
from crucible.errors import CrucibleError, ErrorKind
from crucible.mcp import bounds
from crucible.mcp.house import House
from crucible.mcp.server import OTHER_WORDS, build
from crucible.models.values import Status
from crucible.scrub import Scrubber

_TOOL = re.compile(r"^\| `(\w+)` \| (.*) \|$", re.MULTILINE)


def _tools() -> dict[str, Any]:
    from tests.mcp.talk import Talk  # noqa: PLC0415 - the library, for this alone

    return Talk(build(House(local_source.opened, Scrubber()), allow_writes=True)).tools()


def test_the_table_of_tools_is_that_of_the_server() -> None:
    rows = dict(_TOOL.findall(section("Three ways in")))
    tools = _tools()
    assert set(rows) == set(tools)
    for name, tool in tools.items():
        told = set(re.findall(r"`([a-z_]+)`", rows[name]))
        taken = set(tool.input_schema["properties"]) - {"include_text", "max_items"}
        assert told == taken, name
        needed = set(re.findall(r"\*\*`([a-z_]+)`\*\*", rows[name]))
        assert needed == set(tool.input_schema.get("required", [])), name
        assert "include_text" in tool.input_schema["properties"]
        reads = bool(tool.annotations.read_only_hint)
        assert ("max_items" in tool.input_schema["properties"]) == reads
    assert not set(OTHER_WORDS) & {
        p for tool in tools.values() for p in tool.input_schema["properties"]
    }


def test_the_settings_of_a_client_are_json_and_start_the_server() -> None:
    (text,) = fenced(section("Three ways in"), "json")
    server = json.loads(text)["mcpServers"]["crucible"]
    assert (server["command"], server["args"]) == ("crucible", ["mcp"])
    assert inside(*server["args"], "--help", env=server["env"]).returncode == 0


def test_every_kind_of_error_has_its_row_and_its_section() -> None:
    kinds = re.findall(r"^\| \[`(\w+)`\]\(operations.md#(\w+)\)", PAGE, re.MULTILINE)
    assert {kind for kind, _ in kinds} == set(ErrorKind)
    operations = (PAGE_FOLDER / "operations.md").read_text(encoding="utf-8")
    for kind, anchor in kinds:
        assert kind == anchor and f"### {anchor}\n" in operations


def test_the_states_are_those_of_a_run() -> None:
    (drawn,) = fenced(section("What to read"))
    assert set(re.findall(r"[a-z]+", drawn)) >= set(Status)


def test_the_bounds_are_those_of_the_code() -> None:
    said = " ".join(PAGE.split())
    assert f"at most {bounds.MAX_BYTES // 1024} KiB" in said
    assert f"`max_items` (1-{bounds.MAX_ITEMS}, {bounds.DEFAULT_ITEMS})" in said


def test_the_exit_codes_are_those_of_the_errors() -> None:
    def codes(kind: type[CrucibleError]) -> set[int]:
        return {kind.exit_code}.union(*(codes(each) for each in kind.__subclasses__()))

    told = {int(code) for code in re.findall(r"\b([0-7])\s[a-z]", section("Exit codes"))}
    assert codes(CrucibleError) <= told == set(range(8))


@pytest.mark.parametrize("link", re.findall(r"\]\(([\w./-]+\.\w+)(?:#[\w-]+)?\)", PAGE))
def test_links_lead_somewhere(link: str) -> None:
    assert (PAGE_FOLDER / link).exists()


def test_every_path_to_read_finds_something(lab: Lab) -> None:
    lab.stub.plan = lambda n, body: "ok" if n < 2 else "status 429"
    run = lab.run(2, 2)
    page = inside("runs", "--format", "json", env=lab.environ).stdout
    shown = inside("runs", "show", run.id, "--format", "json", env=lab.environ).stdout
    (block,) = fenced(section("What to read"), "sh")
    found = []
    for line in block.splitlines():
        matched = re.match(r"jq '(.*)' *# ", line)
        assert matched, line
        asked = page if matched[1].startswith(".runs") else shown
        said = subprocess.run(
            ["jq", "-c", matched[1]], input=asked, capture_output=True, text=True, check=True
        )
        found.append(said.stdout.split())
    assert len(found) == 8
    assert all(each and "null" not in each for each in found)
    assert found[-1] == ["4"]
    assert json.loads("".join(found[2]))["kind"] == "provider_rate_limited"
