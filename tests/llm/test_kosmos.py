"""Kosmos as a provider, against a double of its interface in `kosmos_double/`."""

import json
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from tests.lab import Lab
from tests.stub_model import sample

from crucible import config, llm
from crucible.clock import SystemClock
from crucible.errors import Precondition
from crucible.llm import kosmos as ours
from crucible.llm import kosmos_stdout
from crucible.llm.kosmos import Kosmos
from crucible.llm.protocol import Prompt, ProviderFailure
from crucible.llm.usage import UNREPORTED, Usage
from crucible.services.runs import start_run
from crucible.services.verify import verify_run

DOUBLE = Path(__file__).parent / "kosmos_double"
SCHEMA = {
    "type": "object",
    "properties": {"word": {"type": "string"}},
    "required": ["word"],
    "additionalProperties": False,
}
MESSAGES = [
    {"role": "system", "content": "Be brief."},
    {"role": "user", "content": "say a wörd \ud800"},
]
PROMPT = Prompt("design", MESSAGES, SCHEMA, 0.7, 100)


def forget() -> None:
    for name in [name for name in sys.modules if name.split(".")[0] == "kosmos"]:
        del sys.modules[name]


@pytest.fixture
def installed(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.syspath_prepend(str(DOUBLE))
    yield
    forget()


@pytest.fixture
def model(installed: None) -> Iterator[Kosmos]:
    made = Kosmos(model="gpt-5-mini", provider="openai", timeout_seconds=5)
    yield made
    made.close()


@pytest.fixture
def double(installed: None) -> Any:
    """The provider that Kosmos gives to everyone who asks."""
    return provider()


def provider() -> Any:
    return ours._open()


def raw_answer(text: Any = '{"word": "x"}', **changes: Any) -> Any:
    return sys.modules["kosmos.core.llm"].raw_answer(text, **changes)  # type: ignore[attr-defined]


def cache_hit(text: str) -> Any:
    base: Any = sys.modules["kosmos.core.providers.base"]
    usage = provider().stats(1000, 100)
    return base.LLMResponse(text, usage, "gpt-5-mini", "stop", None, {"cache_hit": True})


def answering(n: int, prompt: str, **changes: Any) -> Any:
    """An answer that follows the schema the prompt asks for in words."""
    schema = json.loads(prompt[prompt.rindex("\n{") :])
    return raw_answer(json.dumps(sample(schema, n)), **changes)


def named(*names: str, **fields: Any) -> Exception:
    """An error of an SDK that is not installed here: its class and the classes above it."""
    kind: type[Exception] = Exception
    for name in reversed(names):
        kind = type(name, (kind,), {})
    error = kind(fields.pop("message", "it says sk-live-0123456789abcdef and more"))
    error.__cause__ = fields.pop("cause", None)
    for name, value in fields.items():
        setattr(error, name, value)
    return error


def failing(double: Any, error: Exception) -> None:
    def plan(n: int, prompt: str) -> Any:
        raise error

    double.plan = plan


def test_the_schema_is_asked_for_in_words(model: Kosmos, double: Any) -> None:
    reply = model.send(PROMPT)
    (call,) = double.calls
    assert (call["system"], call["max_tokens"], call["temperature"]) == ("Be brief.", 100, 0.7)
    assert call["prompt"].startswith("say a wörd ?\n\nAnswer with one JSON object")
    assert call["prompt"].endswith(json.dumps(SCHEMA))
    assert reply.text == "{}" and not reply.cut_off and not reply.refused


def test_an_answer_to_be_repaired_is_quoted(model: Kosmos, double: Any) -> None:
    repair = [{"role": "assistant", "content": "prose"}, {"role": "user", "content": "no"}]
    model.send(Prompt("design", [*MESSAGES, *repair], SCHEMA, 0.7, 100))
    assert "\n\nYour answer was:\nprose\n\nno\n\nAnswer with" in double.calls[0]["prompt"]


def test_tokens_and_model_are_those_of_the_provider(model: Kosmos, double: Any) -> None:
    double.plan = lambda n, prompt: raw_answer()
    reply = model.send(PROMPT)
    assert reply.usage == Usage(1000, 100, 400, 0, 60)
    assert reply.model_served == "gpt-5-mini-2025-08-07"


def test_anthropic_counts_cached_tokens_beside_the_others(model: Kosmos, double: Any) -> None:
    usage = SimpleNamespace(
        input_tokens=100,
        output_tokens=20,
        cache_read_input_tokens=300,
        cache_creation_input_tokens=50,
    )
    for block in (usage, vars(usage)):
        assert ours._usage(SimpleNamespace(usage=block)) == Usage(450, 20, 300, 50, 0)
    del usage.cache_read_input_tokens
    usage.cache_creation_input_tokens = None
    assert ours._usage(SimpleNamespace(usage=usage)) == Usage(100, 20, 0, 0, 0)


@pytest.mark.parametrize(
    "usage",
    [
        None,
        SimpleNamespace(prompt_tokens=0, completion_tokens=0),
        SimpleNamespace(prompt_tokens=10, completion_tokens=None),
        SimpleNamespace(prompt_tokens="many", completion_tokens=1),
        SimpleNamespace(input_tokens=-5, output_tokens=1),
        SimpleNamespace(input_tokens=None, output_tokens=None),
    ],
)
def test_tokens_that_the_provider_did_not_report_are_unknown(
    model: Kosmos, double: Any, usage: Any
) -> None:
    raw = raw_answer(usage=usage)
    base: Any = sys.modules["kosmos.core.providers.base"]
    double.plan = lambda n, prompt: base.LLMResponse("{}", double.stats(7, 3), "m", "stop", raw)
    assert model.send(PROMPT).usage == UNREPORTED


def test_an_answer_from_the_disk_cache_used_nothing(model: Kosmos, double: Any) -> None:
    double.plan = lambda n, prompt: cache_hit("{}")
    reply = model.send(PROMPT)
    assert reply.usage == Usage(0, 0, 0, 0, 0) and reply.model_served == "gpt-5-mini"
    model.send(PROMPT)
    assert list(model.notes).count(ours.CACHE_NOTE) == 1


@pytest.mark.parametrize(
    ("changes", "cut_off", "refused"),
    [
        ({"finish_reason": "length"}, True, False),
        ({"finish_reason": "max_tokens"}, True, False),
        ({"finish_reason": "content_filter", "text": ""}, False, True),
        ({"finish_reason": "refusal", "text": "partly"}, False, False),
    ],
)
def test_how_an_answer_ended(
    model: Kosmos, double: Any, changes: dict[str, Any], cut_off: bool, refused: bool
) -> None:
    double.plan = lambda n, prompt: raw_answer(**changes)
    reply = model.send(PROMPT)
    assert (reply.cut_off, reply.refused) == (cut_off, refused)


API = ("APIStatusError", "APIError")
LOST = ("APIConnectionError", "APIError")
LATE = ("APITimeoutError", *LOST)


@pytest.mark.parametrize(
    ("error", "kind", "outcome", "retryable", "sent", "status"),
    [
        (named(*API, status_code=400), "provider_error", "error", False, True, 400),
        (named(*API, status_code=401), "provider_auth", "error", False, True, 401),
        (named(*API, status_code=403), "provider_auth", "error", False, True, 403),
        (named(*API, status_code=429), "provider_rate_limited", "error", True, True, 429),
        (named(*API, status_code=408), "provider_error", "error", True, True, 408),
        (named(*API, status_code=503), "provider_error", "error", True, True, 503),
        (named(*LATE), "provider_unreachable", "timeout", True, True, None),
        (
            named("Timeout", *LATE, status_code=408),
            "provider_unreachable",
            "timeout",
            True,
            True,
            None,
        ),
        (TimeoutError("late"), "provider_unreachable", "timeout", True, True, None),
        (named(*LOST), "provider_unreachable", "error", True, True, None),
        (named("X", *LOST, status_code=500), "provider_unreachable", "error", True, True, None),
        (
            named(*LOST, cause=named("ConnectError", "TransportError")),
            "provider_unreachable",
            "error",
            True,
            False,
            None,
        ),
        (
            named(*LATE, cause=named("ConnectTimeout", "TimeoutException")),
            "provider_unreachable",
            "error",
            True,
            False,
            None,
        ),
        (ConnectionRefusedError("[Errno 111]"), "provider_unreachable", "error", True, False, None),
        (IndexError("list index"), "provider_error", "error", True, True, None),
        (named(*API, status_code=200), "provider_error", "error", True, True, None),
        (named(*API, status_code="429"), "provider_error", "error", True, True, None),
    ],
)
def test_each_failure_has_its_kind(
    model: Kosmos,
    double: Any,
    error: Exception,
    kind: str,
    outcome: str,
    retryable: bool,
    sent: bool,
    status: int | None,
) -> None:
    failing(double, error)
    with pytest.raises(ProviderFailure) as caught:
        model.send(PROMPT)
    found = caught.value
    assert (found.kind, found.outcome, found.retryable) == (kind, outcome, retryable)
    assert (found.sent, found.http_status) == (sent, status)
    assert str(error) not in found.reason and str(error)[:5] in (found.detail or "")


def test_what_kosmos_calls_hopeless_is_not_asked_again(model: Kosmos, double: Any) -> None:
    base: Any = sys.modules["kosmos.core.providers.base"]
    inner = base.ProviderAPIError("openai", "bad", raw_error=named(*API, status_code=500))
    double.generate = _raising(
        base.ProviderAPIError("openai", "worse", raw_error=inner, recoverable=False)
    )
    with pytest.raises(ProviderFailure) as caught:
        model.send(PROMPT)
    assert (caught.value.http_status, caught.value.retryable) == (500, False)


def _raising(error: BaseException) -> Callable[..., Any]:
    def generate(prompt: str, **kwargs: Any) -> Any:
        raise error

    return generate


def test_an_exit_inside_kosmos_is_a_failed_call(model: Kosmos, double: Any) -> None:
    double.generate = _raising(SystemExit(3))
    with pytest.raises(ProviderFailure) as caught:
        model.send(PROMPT)
    assert caught.value.reason.endswith("(SystemExit)")


@pytest.mark.parametrize(
    ("said", "heard"), [("7", 7.0), ("0.5", 0.5), ("nan", 0.0), ("soon", None), (None, None)]
)
def test_a_provider_may_ask_for_patience(
    model: Kosmos, double: Any, said: str | None, heard: float | None
) -> None:
    headers = {} if said is None else {"retry-after": said}
    failing(double, named(*API, status_code=429, response=SimpleNamespace(headers=headers)))
    with pytest.raises(ProviderFailure) as caught:
        model.send(PROMPT)
    assert caught.value.retry_after == heard


def test_the_key_of_kosmos_is_not_quoted(model: Kosmos, double: Any) -> None:
    failing(double, named(*API, status_code=401, message=f"no such key: {double.api_key}"))
    with pytest.raises(ProviderFailure) as caught:
        model.send(PROMPT)
    assert double.api_key not in (caught.value.detail or "")


def test_a_call_that_hangs_is_given_up(installed: None, double: Any) -> None:
    gate, left = threading.Event(), threading.Event()

    def hang(n: int, prompt: str) -> Any:
        gate.wait(10)
        left.set()
        return raw_answer()

    double.plan = hang
    model = Kosmos(model="gpt-5-mini", provider="openai", timeout_seconds=0.05)
    before = set(threading.enumerate())
    with pytest.raises(ProviderFailure) as caught:
        model.send(PROMPT)
    assert (caught.value.outcome, caught.value.retryable, caught.value.sent) == (
        "timeout",
        True,
        True,
    )
    assert "given up after 0.05 s" in model.notes[-1]
    gate.set()
    assert left.wait(5)
    for thread in set(threading.enumerate()) - before:
        thread.join(5)
    assert not isinstance(sys.stdout, kosmos_stdout.Stdout)


def test_stdout_stays_clean_for_others(installed: None, capsys: pytest.CaptureFixture[str]) -> None:
    model = Kosmos(model="gpt-5-mini", provider="openai", timeout_seconds=5)

    def plan(n: int, prompt: str) -> Any:
        raise IndexError("no answer")

    provider().plan = plan
    with pytest.raises(ProviderFailure):
        model.send(PROMPT)
    with kosmos_stdout.stdout_to_stderr():
        other = threading.Thread(target=lambda: sys.stdout.write("the answer\n"))
        other.start()
        other.join()
    shown = capsys.readouterr()
    assert shown.out == "the answer\n"
    for line in ("a banner on stdout", "anthropic package not installed", "Give Feedback"):
        assert line in shown.err


def test_its_own_model_answers_and_the_run_is_told(installed: None) -> None:
    model = Kosmos(model="gpt-5", provider="anthropic", timeout_seconds=5)
    assert model.model == "gpt-5-mini"
    assert "asks for gpt-5; Kosmos answers with its own, gpt-5-mini" in model.notes[1]
    provider().plan = lambda n, prompt: raw_answer()
    model.send(PROMPT)
    assert "says that openai answered, and prices are those of anthropic" in model.notes[2]


def test_health_imports_nothing(installed: None) -> None:
    found = llm.health(config.load({"CRUCIBLE_LLM": "kosmos"}))
    assert found["ready"] and "kosmos" not in sys.modules


def test_without_kosmos_no_run_is_made(make_lab: Callable[..., Lab]) -> None:
    lab = make_lab(LLM="kosmos")
    project_id = lab.project()
    with pytest.raises(Precondition) as raised, lab.database.writing() as session:
        start_run(session, lab.clock, lab.settings, project_id, {})
    assert "not installed" in raised.value.message and "pip install" in str(raised.value.hint)
    found = llm.health(lab.settings)
    assert not found["ready"] and "pip install" in found["note"]
    with pytest.raises(Precondition):
        llm.open_model(lab.settings, "gpt-5-mini", lab.clock)
    run = lab.run()
    assert (run.status, run.error_kind) == ("failed", "precondition")
    assert "Traceback" not in str(run.error_message) and lab.calls(run.id) == []


def test_a_folder_of_that_name_is_no_kosmos(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "kosmos").mkdir()
    monkeypatch.syspath_prepend(str(tmp_path))
    with pytest.raises(Precondition):
        ours.require_installed()


def test_a_kosmos_that_is_not_set_up_is_said_without_its_words(
    installed: None, double: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse() -> Any:
        raise ValueError("ANTHROPIC_API_KEY=sk-ant-1234567890 is wrong")

    monkeypatch.setattr(sys.modules["kosmos.core.llm"], "get_provider", refuse)
    with pytest.raises(Precondition) as raised:
        llm.open_model(config.load({"CRUCIBLE_LLM": "kosmos"}), "m", SystemClock())
    assert raised.value.message.endswith("(ValueError)") and raised.value.hint == ours.SET_UP


def test_a_whole_run(
    installed: None, make_lab: Callable[..., Lab], capsys: pytest.CaptureFixture[str]
) -> None:
    lab = make_lab(LLM="kosmos", LLM_MAX_RETRIES="2")
    failures = {
        1: named(*API, status_code=429),
        4: named(*LOST, cause=named("ConnectError")),
        6: named(*LATE),
    }

    def plan(n: int, prompt: str) -> Any:
        if n in failures:
            raise failures[n]
        if n == 8:
            return answering(n, prompt, usage=None)
        if n == 9:
            return cache_hit(answering(n, prompt).choices[0].message.content)
        return answering(n, prompt)

    provider().plan = plan
    run = lab.run(2, 3)
    assert (run.status, run.evaluation_count) == ("completed", 6)
    with lab.database.reading() as session:
        checked = verify_run(session, run.id)
    assert checked["ok"], checked["differences"]
    assert (run.call_count, run.failed_call_count) == (11, 3)
    # One timed out, of one the tokens were made up; all else has a price, if it is 0.
    assert (run.unpriced_call_count, run.unmetered_call_count) == (2, 1)
    assert (run.input_tokens, run.cached_input_tokens) == (6000, 2400)
    # 600 plain and 400 cached tokens in, 100 out, at the prices of gpt-5-mini.
    assert run.cost_pico == 6 * (600 * 250_000 + 400 * 25_000 + 100 * 2_000_000)
    assert run.models == {"gpt-5-mini": 4, "gpt-5-mini-2025-08-07": 7}
    assert run.providers == {"openai": 11}
    assert run.notes == [ours.RETRIES_NOTE, ours.CACHE_NOTE]
    assert b"sk-live-0123456789" not in lab.bytes_on_disk()
    assert capsys.readouterr().out == ""


def test_a_run_that_kosmos_may_not_make_fails_in_our_words(
    installed: None, make_lab: Callable[..., Lab]
) -> None:
    failing(provider(), named(*API, status_code=401))
    run = make_lab(LLM="kosmos").run()
    assert (run.status, run.error_kind, run.cost_pico) == ("failed", "provider_auth", 0)
    assert run.error_summary == ("Design failed: Kosmos's provider answered 401 (not authorised)")


def test_nothing_of_it_is_loaded_where_it_is_not_asked_for() -> None:
    code = "import crucible.llm, crucible.services.starting, sys; print(*sys.modules)"
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert "crucible.llm" in found.stdout and "kosmos" not in found.stdout
