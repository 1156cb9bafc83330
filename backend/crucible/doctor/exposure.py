"""Who can reach a server with these settings, and what keeps strangers out."""

from collections.abc import Iterator
from ipaddress import ip_address
from urllib.parse import urlsplit

from crucible.config import Settings
from crucible.doctor.case import Case, is_here
from crucible.doctor.finding import Finding, failed, ok, warning

SHORTEST = 16
MAKE = "export CRUCIBLE_API_TOKEN=$(openssl rand -hex 32)"


def look(case: Case) -> Iterator[Finding]:
    settings = case.settings
    token = settings.api_token
    if token and len(token) < SHORTEST:
        length = "1 character" if len(token) == 1 else f"{len(token)} characters"
        yield warning(f"CRUCIBLE_API_TOKEN has {length}: it can be guessed", MAKE)
    if not _is_address(settings.host):
        yield failed(
            f"CRUCIBLE_HOST={settings.host} is no address: `crucible serve` refuses to start",
            "unset CRUCIBLE_HOST, or set it to an IP address of this machine",
        )
    elif is_here(settings.host):
        asked = "a token is asked for" if token else "no token is asked for"
        yield ok(f"served on {settings.host}, to this machine only; {asked}")
    elif not token:
        yield failed(
            f"CRUCIBLE_HOST={settings.host} is reached from elsewhere and there is no token: "
            "`crucible serve` refuses to start",
            MAKE,
        )
    else:
        yield ok(
            f"served on {settings.host}, with a token, under {_names(settings)}; TLS is for a "
            "proxy in front"
        )
    yield from _key_in_the_open(settings)


def _is_address(host: str) -> bool:
    bare = host.strip().strip("[]").lower()
    try:
        return bare == "localhost" or bool(ip_address(bare))
    except ValueError:
        return False


def _names(settings: Settings) -> str:
    return ", ".join(settings.allowed_hosts) or "IP addresses only (CRUCIBLE_ALLOWED_HOSTS)"


def _key_in_the_open(settings: Settings) -> Iterator[Finding]:
    parts = urlsplit(settings.llm_base_url)
    used = settings.llm == "openai" and settings.llm_api_key
    if used and parts.scheme == "http" and not is_here(parts.hostname):
        yield warning(
            f"the provider's key travels to {parts.hostname} without TLS",
            "use an https:// address in CRUCIBLE_LLM_BASE_URL",
        )
