from pathlib import Path

import pytest

from crucible.errors import Precondition
from crucible.llm.local import grammar, runtime

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


def test_without_the_library_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    def absent(_: str) -> None:
        raise ModuleNotFoundError

    monkeypatch.setattr(grammar.importlib, "import_module", absent)
    with pytest.raises(Precondition) as caught:
        grammar.grammar(SCHEMA)
    assert "int-crucible[local]" in (caught.value.hint or "")


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
