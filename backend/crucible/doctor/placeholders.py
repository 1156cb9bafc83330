"""Values that examples have in place of one's own."""

import re
from collections.abc import Iterator, Mapping
from urllib.parse import urlsplit

from crucible.config import PREFIX
from crucible.doctor.finding import Finding, warning

_WORD = re.compile(
    r"(?:your|the|my)?[-_. ]?(?:api[-_. ]?)?(?:key|token|password|secret)|change[-_. ]?me|"
    r"replace.*|your[-_. ].*|(?:sk-)?\.{3}|x{3,}|<.*>",
    re.I | re.S,
)
KEYS = (f"{PREFIX}LLM_API_KEY", "OPENAI_API_KEY", f"{PREFIX}API_TOKEN")
ADDRESSES = (f"{PREFIX}DATABASE_URL", f"{PREFIX}BROKER_URL")
NAMES = f"{PREFIX}ALLOWED_HOSTS"


def look(environ: Mapping[str, str]) -> Iterator[Finding]:
    """Never with the value: what looks like a placeholder may be somebody's poor password."""
    for name in KEYS:
        if _WORD.fullmatch(environ.get(name, "").strip()):
            yield warning(f"{name} is an example's placeholder", f"set {name} to one of your own")
    for name in ADDRESSES:
        if _WORD.fullmatch(_password(environ.get(name, ""))):
            yield warning(
                f"the password in {name} is an example's placeholder", f"put the real one in {name}"
            )
    hosts = (each.strip().lower() for each in environ.get(NAMES, "").split(","))
    if any(each == "your.name" or each.endswith("example.com") for each in hosts):
        yield warning(
            f"{NAMES} has an example's name", f"set {NAMES} to the name that the server is asked by"
        )


def _password(url: str) -> str:
    try:
        return urlsplit(url).password or ""
    except ValueError:
        return ""
