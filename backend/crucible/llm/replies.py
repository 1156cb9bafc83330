"""Reads what an OpenAI-compatible endpoint sent, believing nothing of it."""

import json
from collections.abc import Mapping
from typing import Any

from crucible.llm.protocol import Reply
from crucible.llm.usage import UNREPORTED, read_usage

NO_COMPLETION = "it is not a chat completion"
WORDS_LIMIT = 2000


def decode(raw: bytes) -> Any:
    """The JSON of a body, or its text where it is none."""
    try:
        return json.loads(raw)
    except (ValueError, RecursionError):
        return raw.decode("utf-8", "replace")


def read_reply(content: Any) -> Reply:
    """A 2xx body as a reply. One that is no chat completion says so in `problem`."""
    if not isinstance(content, Mapping):
        return Reply(None, None, UNREPORTED, problem=NO_COMPLETION)
    usage, served = read_usage(content), model_name(content)
    try:
        choice = content["choices"][0]
        message = choice["message"]
        text, refusal = message.get("content"), message.get("refusal")
    except (KeyError, IndexError, TypeError, AttributeError):
        return Reply(None, served, usage, problem=NO_COMPLETION)
    return Reply(
        text=text if isinstance(text, str) else None,
        model_served=served,
        usage=usage,
        cut_off=choice.get("finish_reason") == "length",
        refused=bool(refusal) and not text,
    )


def model_name(content: Mapping[str, Any]) -> str | None:
    """The model that says it served."""
    value = content.get("model")
    return value[:200] if isinstance(value, str) and value else None


def error_message(content: Any) -> str:
    """The provider's words, wherever it put them."""
    found = content
    for key in ("error", "message", "detail"):
        if isinstance(found, Mapping) and key in found:
            found = found[key]
    if isinstance(found, str):
        return found[:WORDS_LIMIT]
    try:
        return json.dumps(found, ensure_ascii=False)[:WORDS_LIMIT]
    except RecursionError:  # less deep than what can be read, and too deep to be written
        return "an error that is nested too deeply to be shown"
