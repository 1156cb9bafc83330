"""What the text of a setting may be. Each kind reads it, or raises ValueError, and says in its
docstring what it takes, for the message; what wants words of its own raises ConfigError."""

import re
from collections.abc import Callable
from ipaddress import IPv4Network, IPv6Address, IPv6Network, ip_network
from urllib.parse import unquote, urlsplit

from crucible.errors import ConfigError

TOKEN_PLACEHOLDER = "REPLACE-THIS-TOKEN"
"""In docs/deploy/env.example."""


def text(value: str) -> str:
    return value


def whole(low: int, high: int) -> Callable[[str], int]:
    def parse(value: str) -> int:
        number = int(value)
        if not low <= number <= high:
            raise ValueError
        return number

    parse.__doc__ = f"a whole number from {low} to {high}"
    return parse


def seconds(low: float, high: float) -> Callable[[str], float]:
    def parse(value: str) -> float:
        number = float(value)
        if not low <= number <= high:
            raise ValueError
        return number

    parse.__doc__ = f"seconds, from {low:g} to {high:g}"
    return parse


def choice(*allowed: str) -> Callable[[str], str]:
    def parse(value: str) -> str:
        if value not in allowed:
            raise ValueError
        return value

    parse.__doc__ = "one of " + ", ".join(allowed)
    return parse


def http_url(value: str) -> str:
    """an address such as http://127.0.0.1:8000/v1, without user, query or fragment"""
    _require_bare(value)
    return value.rstrip("/")


def server_url(value: str) -> str:
    """the address of a server, such as http://127.0.0.1:8765"""
    url = value if "://" in value else f"http://{value}"
    _require_bare(url)
    return url.rstrip("/")


def _require_bare(url: str) -> None:
    parts = urlsplit(url)
    # An @ further on is the end of a password that has a slash in it.
    bare = not any(sign in url for sign in "?#@")
    # Reading the port raises for one that is no number, or too large a one.
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.port == 0 or not bare:
        raise ValueError
    if re.search(r"[\s\x00-\x1f\x7f\\]", url):
        raise ValueError


def database_url(value: str) -> str:
    """a database address such as sqlite:////home/me/crucible.sqlite3"""
    if "://" not in value:
        raise ValueError
    parts = urlsplit(value)
    _ = parts.port  # raises for what is no address, or has a port that is no number
    if re.search(r"[\x00-\x1f\x7f]", unquote(value)):
        raise ValueError
    if parts.scheme.startswith("sqlite") and "?" in value:
        raise ConfigError(
            "CRUCIBLE_DATABASE_URL: the address of a SQLite file takes no options (`?...`)"
        )
    return value


def broker_url(value: str) -> str:
    """the address of a Redis server, such as redis://127.0.0.1:6379/0"""
    parts = urlsplit(value)
    bare = not (parts.query or parts.fragment)
    # Reading the port raises for one that is no number.
    if parts.scheme != "redis" or not parts.hostname or parts.port == 0 or not bare:
        raise ValueError
    if re.search(r"[\s\x00-\x1f\x7f\\]", value) or not re.fullmatch(r"(/[0-9]*)?", parts.path):
        raise ValueError
    return value


def key(value: str) -> str:
    """printable ASCII without blanks"""
    # A header would end at a line's end, and its library would quote the rest in an error.
    if not re.fullmatch("[!-~]+", value):
        raise ValueError
    return value


def token(value: str) -> str:
    """printable ASCII"""
    if not (value.isascii() and value.isprintable()):
        raise ValueError
    if value == TOKEN_PLACEHOLDER:
        raise ConfigError(
            "CRUCIBLE_API_TOKEN: it is still the example's placeholder, which everybody knows; "
            "`openssl rand -hex 32` makes one"
        )
    return value


def host_names(value: str) -> tuple[str, ...]:
    """names separated by commas, such as crucible.example.com"""
    # As they are sent; raises for what no name can be.
    found = [each.encode("idna").decode().lower() for each in _listed(value)]
    if not all(re.fullmatch(r"[a-z0-9][a-z0-9._-]*[a-z0-9]|[a-z0-9]", each) for each in found):
        raise ValueError
    return tuple(found)


def networks(value: str) -> tuple[str, ...]:
    """addresses separated by commas, such as 127.0.0.1 or 10.0.0.0/8"""
    found = [_unmapped(ip_network(each, strict=False)) for each in _listed(value)]
    for network in found:
        if network.prefixlen == 0:
            raise ConfigError(
                f"CRUCIBLE_TRUSTED_PROXIES: {network} trusts everybody: name the proxies' addresses"
            )
    return tuple(map(str, found))


def _unmapped(network: IPv4Network | IPv6Network) -> IPv4Network | IPv6Network:
    """IPv4 as itself, also where it is written as IPv6: that is how requests are compared."""
    mapped = network.network_address
    if isinstance(mapped, IPv6Address) and mapped.ipv4_mapped and network.prefixlen >= 96:
        return IPv4Network((mapped.ipv4_mapped, network.prefixlen - 96))
    return network


def _listed(value: str) -> list[str]:
    found = [each.strip() for each in value.split(",")]
    if not all(found):
        raise ValueError
    return found


def flag(value: str) -> bool:
    """on or off"""
    lowered = value.lower()
    if lowered in ("1", "true", "on", "yes"):
        return True
    if lowered in ("0", "false", "off", "no"):
        return False
    raise ValueError
