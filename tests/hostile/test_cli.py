"""The command's answers, piped, on a terminal and from a server: nothing in them that a terminal
obeys or that reorders text, whoever wrote it."""

import json
import re
from collections.abc import Iterator, Sequence

import pytest
from tests.cli.process import environment, inside, on_terminal
from tests.cli.serving import answering, says, served
from tests.hostile.corpus import CANARY, ELSEWHERE, TEXTS
from tests.hostile.history import IMPORTED, History

from crucible.api import create_app

OURS = re.compile(r"\x1b\[(?:0|1|2|3[1-6])m")
"""Bold, dim and six colours. The corpus uses others."""
REDRAWING = re.compile(r"\x1b\[\?25[lh]|\r?(?:\x1b\[\d*A)?\x1b\[J")
"""What `watch` does besides, to draw its block anew."""
OBEYED = re.compile(
    "[\x00-\x09\x0b-\x1f\x7f-\x9f]"  # C0 but the line feed, C1
    "|[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]"  # direction
    "|[\u2028\u2029\ufeff\U000e0000-\U000e007f\ud800-\udfff]"
)


@pytest.fixture(scope="module")
def url(planted: History) -> Iterator[str]:
    with served(create_app(planted.lab.settings)) as address:
        yield address


def commands(planted: History) -> list[list[str]]:
    first, second = planted.completed[:2]
    project = ["--project-id", planted.project_id]
    shown = [*planted.completed[:3], *planted.failed[::2], *planted.imported[::20]]
    return [
        ["runs", "--limit", "200"],
        ["runs", *project],
        ["projects", "list"],
        ["projects", "show", planted.project_id],
        ["projects", "show", IMPORTED],
        *(["runs", "show", run] for run in shown),
        ["runs", "calls", first, "--limit", "100"],
        ["runs", "calls", planted.failed[0], "--outcome", "error"],
        ["runs", "compare", first, second],
        ["runs", "compare", planted.failed[0], planted.imported[0]],
        ["runs", "health", *project],
        ["runs", "health", "--project-id", IMPORTED],
        ["runs", "trends", *project],
        ["runs", "trends", "--project-id", IMPORTED],
        ["estimate", *project],
    ]


def assert_clean(text: str) -> None:
    found = OBEYED.search(text)
    assert found is None, text[max(0, found.start() - 40) : found.end() + 20].encode(
        "unicode_escape"
    )


@pytest.mark.parametrize("form", ["table", "json"])
def test_no_answer_holds_what_a_terminal_obeys(
    planted: History, env: dict[str, str], form: str
) -> None:
    seen = ""
    for args in commands(planted):
        said = inside(*args, "--format", form, env=env)
        assert said.returncode == 0, (args, said.stderr)
        assert_clean(said.stdout)
        assert_clean(said.stderr)
        if form == "json":
            json.loads(said.stdout)
        seen += said.stdout
    assert seen.count(CANARY) > 500


@pytest.mark.parametrize("form", ["table", "json"])
def test_a_server_adds_nothing(planted: History, env: dict[str, str], url: str, form: str) -> None:
    away = environment()
    for args in commands(planted)[::2]:
        here = inside(*args, "--format", form, env=env)
        there = inside(*args, "--format", form, "--url", url, env=away)
        assert there.returncode == 0, (args, there.stderr)
        assert_clean(there.stdout + there.stderr)
        assert there.stdout.count(CANARY) == here.stdout.count(CANARY)


@pytest.mark.parametrize(
    ("args", "code"),
    [
        (["runs", "--limit", "40"], 0),
        (["runs", "show", "{failed}"], 0),
        (["runs", "calls", "{completed}"], 0),
        (["runs", "watch", "{failed}"], 4),
    ],
    ids=["list", "show", "calls", "watch"],
)
def test_a_terminal_gets_our_colours_alone(
    planted: History, env: dict[str, str], args: Sequence[str], code: int
) -> None:
    runs = {"failed": planted.failed[1], "completed": planted.completed[0]}
    shown = on_terminal(*(arg.format(**runs) for arg in args), env=env)
    assert shown.exit_code == code
    assert OURS.search(shown.text) and CANARY in shown.text
    moves = REDRAWING.sub("", shown.text) if "watch" in args else shown.text
    assert_clean(OURS.sub("", moves))


def test_watching_and_verifying_say_it_in_plain_text(planted: History, env: dict[str, str]) -> None:
    for args, code in (
        (["runs", "watch", planted.failed[0]], 4),
        (["runs", "watch", planted.failed[0], "--format", "jsonl"], 4),
        (["runs", "verify", planted.completed[0]], 0),
        (["runs", "verify"], 0),
    ):
        said = inside(*args, env=env)
        assert said.returncode == code, said.stderr
        assert_clean(said.stdout + said.stderr)


def test_what_was_asked_for_in_vain_is_quoted_without_harm(env: dict[str, str], url: str) -> None:
    for text in list(TEXTS.values())[::2]:
        if "\0" in text or not text.isprintable() and "\ud800" <= max(text) <= "\udfff":
            continue
        for args in (["runs", "show", "--", text], ["runs", "--project-id", text], [text]):
            said = inside(*args, env=env)
            assert (said.returncode, said.stdout) in ((2, ""), (3, ""), (0, said.stdout)), args
            assert_clean(said.stdout + said.stderr)
    for text in (TEXTS["title"], TEXTS["override"], TEXTS["8-bit strings"]):
        said = inside("runs", "show", "--url", url, "--", text, env=environment())
        assert said.returncode == 3
        assert_clean(said.stdout + said.stderr)


@pytest.mark.parametrize("name", ["title", "8-bit strings", "override", "clipboard", "lines"])
@pytest.mark.parametrize("status", [200, 401, 404, 422, 500])
def test_a_server_that_is_none_writes_nothing_to_the_terminal(status: int, name: str) -> None:
    text = TEXTS[name]
    problem = {"code": text, "detail": text, "hint": text, "errors": {text: [text]}}
    body = json.dumps({"runs": text} if status == 200 else problem).encode()
    kind = "application/json" if status == 200 else "application/problem+json"
    with answering(says(status, kind, body)) as url:
        said = inside("runs", "--url", url, env=environment())
    assert (said.returncode, said.stdout) in ((1, ""), (2, ""), (3, ""), (6, ""))
    assert_clean(said.stderr)


def test_nothing_of_it_is_a_link(planted: History, env: dict[str, str]) -> None:
    """Terminals make links of addresses by themselves; we make none of theirs."""
    said = inside("runs", "show", planted.failed[0], env=env).stdout
    assert "]8;" not in said.replace(ELSEWHERE, "")


def test_the_doctor_quotes_a_provider_without_harm(planted: History, env: dict[str, str]) -> None:
    said = json.dumps({"error": {"message": "".join(TEXTS.values())}}).encode()
    page = "".join(TEXTS.values()).encode("utf-8", "replace")
    for status, body in ((401, said), (500, page), (200, page)):
        with answering(says(status, "application/json", body)) as url:
            found = inside("doctor", env={**env, "CRUCIBLE_LLM_BASE_URL": f"{url}/v1"})
        assert found.returncode in (0, 1), found.stderr
        assert_clean(found.stdout + found.stderr)
        assert len(found.stdout) < 10_000
