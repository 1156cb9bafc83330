"""History as lines: each is one JSON value to every reader of lines, and what is read in again is
what was written."""

import io
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from tests.cli.process import environment, inside
from tests.hostile.corpus import CANARY, CONTROLS, TEXTS
from tests.hostile.history import History, texts_of
from tests.hostile.test_cli import assert_clean

from crucible.errors import Invalid
from crucible.scrub import Scrubber
from crucible.services.history.importing import import_runs

EXPORTS = {
    "runs": ["runs", "--format", "jsonl", "--limit", "200"],
    "export": ["runs", "export"],
    "export --full": ["runs", "export", "--full"],
}


@pytest.mark.parametrize("args", EXPORTS.values(), ids=EXPORTS)
def test_each_line_is_one_value_to_every_reader(env: dict[str, str], args: list[str]) -> None:
    said = inside(*args, env=env)
    assert said.returncode == 0
    assert_clean(said.stdout)
    # `splitlines` parts at NEL, U+2028 and the separators of files too.
    lines = said.stdout.splitlines()
    assert lines == said.stdout.rstrip("\n").split("\n")
    values = [json.loads(line, parse_constant=_refuse) for line in lines]
    assert all(isinstance(value, dict) for value in values)
    assert sum(CANARY in line for line in lines) > 60


def _refuse(word: str) -> Any:
    raise ValueError(word)


def test_what_is_exported_and_imported_is_the_same(env: dict[str, str], tmp_path: Path) -> None:
    first = inside("runs", "export", "--full", env=env).stdout
    other = environment(CRUCIBLE_DATABASE_URL=f"sqlite:///{tmp_path}/other.sqlite3")
    imported = inside("runs", "import", "-", env=other, stdin=first)
    assert imported.returncode == 0, imported.stderr
    assert inside("runs", "export", "--full", env=other).stdout == first


def test_all_texts_are_there_as_they_were_said(planted: History, env: dict[str, str]) -> None:
    """But for what no database keeps, and what a label may not hold."""
    values = map(json.loads, inside("runs", "export", "--full", env=env).stdout.splitlines())
    found = {text for value in values for text in texts_of(value)}
    for name, text in TEXTS.items():
        kept = text.replace("\0", "").encode("utf-8", "replace").decode().strip()
        assert any(kept in each for each in found), name


def test_a_line_with_controls_in_a_label_is_refused(planted: History) -> None:
    assert planted.refused_lines == {n for n, text in TEXTS.items() if CONTROLS.search(text)}


@pytest.mark.parametrize(
    "field",
    ["id", "project_id", "project_title", "label", "status", "created_at", "error_summary"],
)
def test_a_refusal_names_the_line_and_writes_nothing_to_the_terminal(
    planted: History, tmp_path: Path, field: str
) -> None:
    env = environment(CRUCIBLE_DATABASE_URL=f"sqlite:///{tmp_path}/own.sqlite3")
    for name in ("title", "8-bit strings", "C0"):
        line = {**_line(), field: TEXTS[name], TEXTS[name]: TEXTS[name]}
        said = inside("runs", "import", "-", env=env, stdin=json.dumps(line) + "\n")
        assert (said.returncode, said.stdout) == (2, "")
        assert f"line 1: {field}" in said.stderr
        assert_clean(said.stderr)


def _line(**fields: Any) -> dict[str, Any]:
    made = {"id": "x", "project_id": "p", "status": "failed", "created_at": "2026-11-22T08:00:00Z"}
    return {**made, **fields}


@pytest.mark.parametrize(
    "raw",
    [
        b"[" * 100_000,
        b'{"config": ' + b"[" * 100_000 + b"]" * 100_000 + b"}",
        json.dumps(_line(config={"x": [[[[[[[[[[[[[[[[[[[[[[1]]]]]]]]]]]]]]]]]]]]]]})).encode(),
        json.dumps(_line(duration_seconds=0))[:-2].encode() + b"1e400}",
        json.dumps(_line(candidate_count=0))[:-2].encode() + b"9" * 100_000 + b"}",
        json.dumps(_line(config={"x": 0}))[:-3].encode() + b"NaN}}",
        json.dumps(_line(llm_usage={"total": {"models": {TEXTS["C0"]: 1}}})).encode(),
        b'{"id": "\xff\xfe"}',
        "\ufeff\ufeff{}".encode(),
        b"{}\x00",
    ],
    ids=lambda raw: raw[:12].decode("latin-1"),
)  # fmt: skip
def test_a_broken_line_is_named_in_a_short_clean_sentence(planted: History, raw: bytes) -> None:
    with pytest.raises(Invalid) as refused:
        import_runs(planted.lab.database, io.BytesIO(raw), Scrubber())
    assert refused.value.message.startswith("line 1: ")
    assert len(refused.value.message) < 500
    assert_clean(refused.value.message)


@pytest.mark.parametrize("key", ["__proto__", "constructor", "__class__", "label"])
def test_a_name_that_objects_have_already_is_a_name(
    planted: History, tmp_path: Path, key: str
) -> None:
    usage = {"call_count": 2, "models": {key: 2}}
    line = _line(config={key: {"x": 1}}, llm_usage={"total": usage}, **{"__proto__": {"y": 1}})
    env = environment(CRUCIBLE_DATABASE_URL=f"sqlite:///{tmp_path}/own.sqlite3")
    assert inside("runs", "import", "-", env=env, stdin=json.dumps(line)).returncode == 0
    (found,) = map(json.loads, inside("runs", "export", env=env).stdout.splitlines())
    assert found["config"] == {key: {"x": 1}}
    assert found["llm_usage"]["total"]["models"] == {key: 2}
    assert isinstance(found, Mapping) and "__proto__" not in found
