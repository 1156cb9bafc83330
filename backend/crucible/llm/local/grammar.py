"""What a request to our own server carries beside the usual fields, question by question.

A small model obeys its grammar better than its instructions: told to write one sentence it writes
five, and sometimes the same one until its tokens are used up. So the grammar is the schema drawn
tighter: no free white space, whole sentences and few of them, two decimals.
"""

import importlib
from collections.abc import Mapping
from typing import Any

from crucible.errors import Precondition
from crucible.extras import adding
from crucible.llm.local import runtime
from crucible.llm.local.server import CONTEXT_TOKENS

_CREATIVE: Mapping[str, Any] = {
    "temperature": 0.7,
    "top_p": 0.8,
    "top_k": 20,
    "repeat_penalty": 1.1,
}
# The same pair gets the same scores.
_STRICT: Mapping[str, Any] = {"temperature": 0.0}
_SAMPLING = {"design": _CREATIVE, "scenarios": _CREATIVE, "evaluation": _STRICT}

_TITLE_CHARACTERS = 80
_TEXT_CHARACTERS = 400
_SENTENCE_CHARACTERS = 220
_SENTENCES = {"explanation": 1, "description": 3}
# A full stop inside a number does not end a sentence. (Any other would be used to go on.)
_SENTENCE = rf"([^.!?\n]|[.][0-9]){{15,{_SENTENCE_CHARACTERS}}}[.]"
# Of English and JSON; a little less than is usual, so that the limit errs on the long side.
_CHARACTERS_A_TOKEN = 3
_NUMBER_TOKENS = 8


def request_extras(name: str, schema: Mapping[str, Any]) -> dict[str, Any]:
    """Fields for the body of a question `name` whose answer has this schema.

    They replace `response_format`, which this server takes too, but looser. An answer must be
    validated all the same: what the library cannot turn into a grammar it drops without a word.
    """
    tight = _tight(schema)
    return {
        **_SAMPLING.get(name, _CREATIVE),
        "max_tokens": min(_longest(tight), CONTEXT_TOKENS),
        "grammar": grammar(tight),
        "cache_prompt": True,
    }


def grammar(schema: Mapping[str, Any]) -> str:
    if runtime.lacks_avx2():
        # Importing it would end this process with an illegal instruction.
        raise Precondition("The embedded model cannot run: this processor lacks AVX2")
    try:
        xllamacpp = importlib.import_module("xllamacpp")
    except ImportError as error:
        raise Precondition(
            "The embedded model cannot run: xllamacpp is not installed or cannot be loaded",
            hint=f"{adding('local')}, and apt-get install libgomp1 on Debian.",
        ) from error
    compact = {"x-guidance": {"whitespace_flexible": False}, **schema}
    return str(xllamacpp.json_schema_to_grammar(compact))


def _tight(schema: Mapping[str, Any], name: str = "") -> dict[str, Any]:
    """The schema, with bounds where it has none; every answer it allows, the schema allows."""
    tight = dict(schema)
    if "properties" in schema:
        tight["properties"] = {key: _tight(s, key) for key, s in schema["properties"].items()}
    if "items" in schema:
        tight["items"] = _tight(schema["items"], name)
    if schema.get("type") == "number":
        tight.setdefault("multipleOf", 0.01)
    if schema.get("type") == "string" and not {"enum", "maxLength", "pattern"} & set(schema):
        tight |= _bounds(name)
        # Together with a pattern, a length is refused by the library.
        if "pattern" in tight:
            tight.pop("minLength", None)
    return tight


def _bounds(name: str) -> dict[str, Any]:
    if name in _SENTENCES:
        return {"pattern": f"^{_SENTENCE}( {_SENTENCE}){{0,{_SENTENCES[name] - 1}}}$"}
    return {"maxLength": _TITLE_CHARACTERS if name in ("title", "name") else _TEXT_CHARACTERS}


def _longest(schema: Mapping[str, Any], name: str = "") -> int:
    """Tokens of the longest answer the schema allows, roughly: enough that none is cut off."""
    if "enum" in schema:
        return max(_tokens(len(str(value))) for value in schema["enum"])
    match schema.get("type"):
        case "object":
            properties = schema.get("properties", {})
            return 2 + sum(_tokens(len(k)) + _longest(s, k) for k, s in properties.items())
        case "array":
            return 2 + int(schema.get("maxItems", 1)) * _longest(schema["items"], name)
        case "string":
            sentences = _SENTENCES.get(name, 1) * _SENTENCE_CHARACTERS
            return _tokens(sentences if "pattern" in schema else schema["maxLength"])
    return _NUMBER_TOKENS


def _tokens(characters: int) -> int:
    return characters // _CHARACTERS_A_TOKEN + 3
