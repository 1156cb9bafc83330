"""What a request to our own server carries beside the usual fields, question by question."""

import importlib
from collections.abc import Mapping
from typing import Any

from crucible.errors import Precondition
from crucible.llm.local import runtime

_CREATIVE: Mapping[str, Any] = {
    "temperature": 0.7,
    "top_p": 0.8,
    "top_k": 20,
    "repeat_penalty": 1.1,
    "max_tokens": 900,
}
_SAMPLING: Mapping[str, Mapping[str, Any]] = {
    "design": _CREATIVE,
    "scenarios": _CREATIVE,
    # The same pair gets the same scores.
    "evaluation": {"temperature": 0.0, "max_tokens": 400},
}


def request_extras(name: str, schema: Mapping[str, Any]) -> dict[str, Any]:
    """Fields for the body of a question `name` whose answer has this schema.

    They replace `response_format`, which this server takes too, but whose grammar allows free
    white space: a small model fills a third and more of its answer with it. What the grammar
    cannot say (some patterns) is dropped silently, so an answer must be validated all the same.
    """
    extras = dict(_SAMPLING.get(name, _CREATIVE))
    return {**extras, "grammar": grammar(schema), "cache_prompt": True}


def grammar(schema: Mapping[str, Any]) -> str:
    if runtime.lacks_avx2():
        # Importing it would end this process with an illegal instruction.
        raise Precondition("The embedded model cannot run: this processor lacks AVX2")
    try:
        xllamacpp = importlib.import_module("xllamacpp")
    except ImportError as error:
        raise Precondition(
            "The embedded model cannot run: xllamacpp is not installed or cannot be loaded",
            hint="pip install 'int-crucible[local]', and apt-get install libgomp1 on Debian.",
        ) from error
    compact = {"x-guidance": {"whitespace_flexible": False}, **schema}
    return str(xllamacpp.json_schema_to_grammar(compact))
