"""Takes secrets out of text on its way to the database, a log or an answer."""

import json
import re
from collections.abc import Iterable
from functools import cache
from urllib.parse import quote

MARK = "[removed]"

_PATTERNS = (
    # An Authorization header or a bearer token, however it was quoted.
    re.compile(r"(?i)(bearer\s+|basic\s+)[A-Za-z0-9._~+/=\-]{6,}"),
    re.compile(
        r"(?i)((?:api[-_ ]?key|x-api-key|access[-_ ]?token|secret|password|passwd|"
        r"authorization)\"?'?\s*[:=]\s*\"?'?)(?!\[removed\])[^\s\"',;&}]{4,}"
    ),
    # "token" is a word of everyday speech here; a value of it has a digit and some length.
    re.compile(r"(?i)(token\"?'?\s*[:=]\s*\"?'?)(?=[^\s\"',;&}]*\d)[^\s\"',;&}]{8,}"),
    # Keys by the shape of their issuers: OpenAI and Anthropic, GitHub, Google, AWS, Hugging Face.
    re.compile(r"()\b(?:sk|pk|rk)-[A-Za-z0-9_\-]{8,}"),
    re.compile(
        r"()\b(?:gh[pousr]_[A-Za-z0-9]{16,}|github_pat_\w{16,}|AIza[\w\-]{20,}|"
        r"(?:AKIA|ASIA)[A-Z0-9]{12,}|hf_[A-Za-z0-9]{16,}|xox[abprs]-[\w\-]{10,})"
    ),
    # Passwords in addresses. The scheme has an end: one that may be as long as the text would be
    # looked for from each of its words to its end, which takes hours in a text of megabytes.
    re.compile(r"(\b[a-zA-Z][a-zA-Z0-9+.\-]{0,30}://[^\s/:@]*:)[^\s/@]+(?=@)"),
)


# What no database keeps (NUL, half a character) and what a terminal obeys.
_CONTROLS = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff]")

# So much of the beginning of a secret gives it away.
_TELLING = 12


def _pattern_of(secret: str) -> str:
    """The secret, also in other case, also escaped as it stands in a repr, in JSON or in an
    address, and also cut short as providers like to quote one."""
    whole = "".join(map(_written, secret))
    if len(secret) <= _TELLING:
        return whole
    # What follows the beginning is taken along as far as it looks like a key.
    return rf"{whole}|{''.join(map(_written, secret[:_TELLING]))}[\w\-.~+/=]*"


@cache
def _written(character: str) -> str:
    """All the ways in which a character of a secret may stand in a text, as a pattern."""
    if character.isascii() and (character.isalnum() or character in "-._~"):
        return re.escape(character)
    if character == "\\":
        ways = [r"\\{1,8}"]  # escaped again each time that a text is put into another
    elif character in "\"'/":
        ways = [rf"\\{{0,8}}{character}"]
    else:
        sent = repr(character.encode(errors="replace"))[2:-1]
        escaped = (ascii(character)[1:-1], json.dumps(character)[1:-1], sent)
        ways = [re.escape(character)]
        ways += [re.escape(each).replace(r"\\", r"\\{1,8}") for each in escaped]
    with_percent = quote(character, safe="", errors="replace")
    return f"(?:{'|'.join(dict.fromkeys((*ways, re.escape(with_percent))))})"


class Scrubber:
    """Removes the given secrets by value, and anything shaped like a key by pattern."""

    def __init__(self, secrets: Iterable[str] = ()) -> None:
        # Longest first, so that a secret that contains another leaves no rest behind. Short
        # values are left alone: removing every "a" would destroy the text and protect nothing.
        known = sorted({s for s in secrets if len(s) >= 4}, key=len, reverse=True)
        self._secrets = [re.compile(_pattern_of(secret), re.IGNORECASE) for secret in known]

    def known(self, text: str) -> str:
        """Without the configured secrets; for texts in which a pattern would find too much."""
        for secret in self._secrets:
            text = secret.sub(MARK, text)
        return text

    def __call__(self, text: str) -> str:
        text = self.known(text)
        for pattern in _PATTERNS:
            text = pattern.sub(rf"\g<1>{MARK}", text)
        return text

    def text(self, text: str, limit: int) -> str:
        """Scrubbed, its lines kept, at most `limit` characters, other control characters gone."""
        # Cut before as well, so that a text of megabytes costs no more than one of this size.
        return _CONTROLS.sub(" ", self(text[: 4 * limit]))[:limit]

    def line(self, text: str, limit: int) -> str:
        """Scrubbed, on one line, at most `limit` characters, no control characters."""
        clean = "".join(c if c.isprintable() else " " for c in self(text))
        clean = " ".join(clean.split())
        return clean if len(clean) <= limit else clean[: limit - 1] + "…"
