import re
from pathlib import Path

import pytest

from crucible.errors import Precondition
from crucible.llm.local import grammar, runtime, server
from crucible.models.values import Constraint
from crucible.pipeline import answers

SCHEMA = {"type": "object", "properties": {"b": {"type": "string"}, "a": {"type": "string"}}}


def test_the_grammar_keeps_the_order_of_properties_and_allows_no_white_space() -> None:
    pytest.importorskip("xllamacpp")
    made = grammar.grammar(SCHEMA)
    assert made.index('"b"') < made.index('"a"')
    assert '"whitespace_flexible":false' in made


@pytest.mark.parametrize("name", ["design", "scenarios", "evaluation", "another"])
def test_each_question_has_its_sampling(name: str) -> None:
    pytest.importorskip("xllamacpp")
    extras = grammar.request_extras(name, SCHEMA)
    assert (extras["temperature"] == 0) == (name == "evaluation")
    # A fixed seed would propose the same thing again.
    assert "seed" not in extras
    assert "response_format" not in extras


def bounded(name: str, **schema: object) -> dict[str, object]:
    whole = {"type": "object", "properties": {name: {"type": "string", **schema}}}
    made: dict[str, object] = grammar._tight(whole)["properties"][name]
    return made


@pytest.mark.parametrize(
    ("text", "allowed"),
    [
        ("It takes 2.4 seconds in the worst case.", True),
        ("It takes long in the worst case. It fails.", False),
        ("It takes long in the worst case", False),
        ("It takes long.\nIn the worst case.", False),
        ("x" * 300 + ".", False),
    ],
)
def test_an_explanation_is_one_whole_sentence(text: str, allowed: bool) -> None:
    pattern = str(bounded("explanation", minLength=1)["pattern"])
    assert bool(re.fullmatch(pattern, text)) is allowed


def test_a_description_is_up_to_three_sentences() -> None:
    pattern = str(bounded("description")["pattern"])
    sentence = "One thing is built here."
    assert [bool(re.fullmatch(pattern, " ".join([sentence] * n))) for n in range(5)] == [
        False,
        True,
        True,
        True,
        False,
    ]


def test_bounds_of_the_schema_are_left_alone() -> None:
    assert bounded("title", minLength=1)["maxLength"] == 80
    assert bounded("title", maxLength=7)["maxLength"] == 7
    assert bounded("description", enum=["a", "b"]) == {"type": "string", "enum": ["a", "b"]}


def test_the_room_for_an_answer_grows_with_what_is_asked_for() -> None:
    pytest.importorskip("xllamacpp")

    def room(count: int) -> int:
        schema = answers.design_schema([Constraint("cheap", "", 50)], count)
        return int(grammar.request_extras("design", schema)["max_tokens"])

    assert room(1) < room(3) < room(5)
    assert room(50) == server.CONTEXT_TOKENS


def test_without_the_library_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    def absent(_: str) -> None:
        raise ModuleNotFoundError

    monkeypatch.setattr(grammar.importlib, "import_module", absent)
    with pytest.raises(Precondition) as caught:
        grammar.grammar(SCHEMA)
    assert "install 'xllamacpp==" in (caught.value.hint or "")


@pytest.mark.parametrize(("flags", "lacks"), [("sse avx avx2", False), ("sse avx", True)])
def test_a_processor_without_avx2_is_noticed_before_it_crashes(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, flags: str, lacks: bool
) -> None:
    (tmp_path / "cpuinfo").write_text(f"processor : 0\nflags\t\t: {flags}\n")
    monkeypatch.setattr(runtime, "CPUINFO", tmp_path / "cpuinfo")
    monkeypatch.setattr(runtime.platform, "machine", lambda: "x86_64")
    assert runtime.lacks_avx2() is lacks
    if lacks:
        with pytest.raises(Precondition, match="AVX2"):
            grammar.grammar(SCHEMA)


def test_other_processors_are_not_asked_for_avx2(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(runtime.platform, "machine", lambda: "aarch64")
    assert runtime.lacks_avx2() is False


@pytest.mark.parametrize(
    ("quota", "cores"), [("max 100000", 8), ("200000 100000", 2), ("50000 100000", 1), ("", 8)]
)
def test_a_quota_limits_the_cores(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, quota: str, cores: int
) -> None:
    (tmp_path / "cpu.max").write_text(quota)
    monkeypatch.setattr(runtime, "CGROUP_CPU", tmp_path / "cpu.max")
    monkeypatch.setattr(runtime.os, "sched_getaffinity", lambda _: set(range(8)), raising=False)
    assert runtime.usable_cores() == cores
