"""Retries, backoff and repair, against a scripted model."""

import json
from typing import Any

import pytest
from tests.fakes import FakeModel, NullLog

from crucible.errors import ErrorKind
from crucible.llm.asking import Asker, Exhausted, Stopped
from crucible.llm.protocol import InvalidAnswer, Prompt, ProviderFailure, Question, Reply
from crucible.llm.usage import UNREPORTED
from crucible.models.values import Outcome

pytestmark = pytest.mark.real_backoff


def question() -> Question[str]:
    def parse(data: Any) -> str:
        if not isinstance(data, dict) or "word" not in data:
            raise InvalidAnswer("it has the wrong shape at word")
        return str(data["word"])

    prompt = Prompt("design", [{"role": "user", "content": "say a word"}], {}, 0.5, 100)
    return Question(prompt, "a word", parse)


def failure(
    status: int = 500, *, retryable: bool = True, retry_after: float | None = None
) -> ProviderFailure:
    return ProviderFailure(
        ErrorKind.PROVIDER_ERROR,
        Outcome.ERROR,
        f"provider answered {status}",
        "words",
        status,
        retryable=retryable,
        retry_after=retry_after,
    )


class Patience:
    def __init__(self, stop_at: int = 99) -> None:
        self.pauses: list[float] = []
        self._stop_at = stop_at

    def __call__(self, seconds: float) -> bool:
        self.pauses.append(seconds)
        return len(self.pauses) >= self._stop_at


GOOD = json.dumps({"word": "crucible"})


def ask(*script: Any, patience: Patience | None = None) -> tuple[Any, NullLog, FakeModel]:
    model, log = FakeModel(*script), NullLog()
    asker = Asker(model, log, max_retries=2, wait=patience or Patience())
    return asker.ask(question()), log, model


def test_pauses_double_from_half_a_second_with_jitter() -> None:
    patience = Patience()
    ask(failure(), failure(), GOOD, patience=patience)
    assert 0.375 <= patience.pauses[0] <= 0.625
    assert 0.75 <= patience.pauses[1] <= 1.25


def test_a_retry_after_is_honoured() -> None:
    patience = Patience()
    ask(failure(429, retry_after=7.5), GOOD, patience=patience)
    assert patience.pauses == [7.5]


def test_a_retry_after_beyond_patience_is_not_asked_again_too_early() -> None:
    patience = Patience()
    with pytest.raises(Exhausted, match="asks to wait 3600 s"):
        ask(failure(429, retry_after=3600), GOOD, patience=patience)
    assert patience.pauses == []


def test_each_attempt_is_a_call_of_its_own() -> None:
    answer, log, _ = ask(failure(), "prose", GOOD)
    assert answer == "crucible"
    assert log.begun == [("a word", 1), ("a word", 2), ("a word", 3)]
    assert [end.outcome for end in log.ends] == ["error", "invalid", "ok"]
    assert log.products == [None, None, "crucible"]


def test_what_cannot_help_is_not_retried() -> None:
    with pytest.raises(Exhausted) as caught:
        ask(failure(404, retryable=False), GOOD)
    assert caught.value.failure.reason == "provider answered 404"


def test_only_what_happened_in_a_row_is_said_to_have() -> None:
    with pytest.raises(Exhausted) as caught:
        ask(failure(429), failure(500), failure(500))
    assert caught.value.failure.reason == "provider answered 500 2 times in a row"


def test_a_repair_shows_the_answer_and_what_is_wrong_with_it() -> None:
    _, _, model = ask('{"other": 1}', GOOD)
    said = [m["content"] for m in model.prompts[1].messages]
    assert said[1] == '{"other": 1}'
    assert "wrong shape at word" in said[2]


def test_an_answer_that_was_cut_off_gets_more_room_and_is_not_repeated() -> None:
    _, _, model = ask(Reply('{"wor', "m", UNREPORTED, cut_off=True), GOOD)
    assert model.prompts[1].max_tokens == 200
    assert '{"wor' not in str(model.prompts[1].messages)


def test_there_is_one_repair() -> None:
    with pytest.raises(Exhausted, match="even after a repair: it is not JSON"):
        ask("prose", "prose", GOOD)


@pytest.mark.parametrize(
    "text",
    ["", "   ", "[1, 2]", '"word"', "null", '{"word": NaN}', "[" * 100_000, "9" * 5000, "{"],
)
def test_no_answer_however_odd_is_more_than_unusable(text: str) -> None:
    with pytest.raises(Exhausted):
        ask(text, text)


def test_a_stop_during_a_pause_ends_the_question() -> None:
    with pytest.raises(Stopped):
        ask(failure(), GOOD, patience=Patience(stop_at=1))


def test_a_refusal_is_named() -> None:
    with pytest.raises(Exhausted, match="the model refused"):
        refusal = Reply(None, "m", UNREPORTED, refused=True)
        ask(refusal, refusal)
