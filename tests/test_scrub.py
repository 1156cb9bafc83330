import json
import re
from typing import Any
from urllib.parse import quote

import pytest

from crucible.scrub import MARK, Scrubber


@pytest.mark.parametrize(
    ("text", "secret"),
    [
        ("Incorrect API key provided: sk-proj-abcDEF123456789.", "sk-proj-abcDEF123456789"),
        ("Authorization: Bearer eyJhbGciOi.abc-def_123", "eyJhbGciOi.abc-def_123"),
        ('{"api_key": "0123456789abcdef"}', "0123456789abcdef"),
        ("postgresql://me:s3cr3t-pass@db/x", "s3cr3t-pass"),
        ("redis://:hunter22@cache:6379", "hunter22"),
        ("token=abcd1234efgh&x=1", "abcd1234efgh"),
        ("key AIzaSyA-1234567890abcdefghijk here", "AIzaSyA-1234567890abcdefghijk"),
        ("hf_abcdefghijklmnopqrst", "hf_abcdefghijklmnopqrst"),
        ("x-api-key: 77d1e0b2c4", "77d1e0b2c4"),
    ],
)
def test_what_looks_like_a_secret_is_removed(text: str, secret: str) -> None:
    clean = Scrubber()(text)
    assert secret not in clean and MARK in clean


def test_configured_secrets_are_removed_whatever_they_look_like() -> None:
    clean = Scrubber(["correct horse", "correct horse battery"])("the correct horse battery staple")
    assert clean == f"the {MARK} staple"


@pytest.mark.parametrize("quoted", ["Zq9secretKEYxy77pla", "ZQ9SECRETKEYXY77PLAIN"])
def test_a_secret_cut_short_or_in_other_case_is_removed(quoted: str) -> None:
    clean = Scrubber(["Zq9SECRETkeyXy77plain"])(f"key {quoted} refused")
    assert clean == f"key {MARK} refused"


@pytest.mark.parametrize(
    "secret", ["first\nsecond", "a\"b'c\\d/e", "p\u00e4ss w\u00f6rd\U0001f600"]
)
@pytest.mark.parametrize(
    "written",
    [
        str,
        repr,
        ascii,
        json.dumps,
        lambda secret: json.dumps(secret, ensure_ascii=False),
        lambda secret: json.dumps(repr(secret)),
        lambda secret: json.dumps(json.dumps(secret)).replace("/", "\\/"),
        lambda secret: repr(secret.encode()),
        lambda secret: quote(secret, safe=""),
    ],
)
def test_a_secret_is_removed_however_it_was_escaped(secret: str, written: Any) -> None:
    clean = Scrubber([secret]).known(f"before {written(secret)} after")
    assert re.fullmatch(rf"before b?[\\\"']*{re.escape(MARK)}[\\\"']* after", clean)


@pytest.mark.parametrize(
    "text",
    [
        "provider answered 429 (rate limited) 5 times in a row",
        "max_tokens: 4096 is too large",
        "token: there is no such field",
        "see https://example.com/docs#token-limits",
        "the task-oriented risk-averse design",
    ],
)
def test_plain_words_stay(text: str) -> None:
    assert Scrubber(["abc"])(text) == text


def test_a_line_is_one_line_and_bounded() -> None:
    line = Scrubber().line("a\nb\x1b[31m\tc" + "d" * 50, 20)
    assert line == "a b [31m cddddddddd…"
