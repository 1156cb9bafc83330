"""Takes secrets out of text on its way to the database, a log or an answer."""

import re
from collections.abc import Iterable

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
    # Passwords in addresses.
    re.compile(r"(\b[a-zA-Z][a-zA-Z0-9+.\-]*://[^\s/:@]*:)[^\s/@]+(?=@)"),
)


# So much of the beginning of a secret gives it away.
_TELLING = 12


def _pattern_of(secret: str) -> str:
    """The secret, also in other case, and also cut short as providers like to quote one."""
    if len(secret) <= _TELLING:
        return re.escape(secret)
    # What follows the beginning is taken along as far as it looks like a key.
    return rf"{re.escape(secret)}|{re.escape(secret[:_TELLING])}[\w\-.~+/=]*"


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

    def line(self, text: str, limit: int) -> str:
        """Scrubbed, on one line, at most `limit` characters, no control characters."""
        clean = "".join(c if c.isprintable() else " " for c in self(text))
        clean = " ".join(clean.split())
        return clean if len(clean) <= limit else clean[: limit - 1] + "…"
