"""Whose name a request comes under, which page sent it, and from where."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from ipaddress import IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network

_NAME = r"[A-Za-z0-9][A-Za-z0-9._-]{0,252}"
_FORM = re.compile(rf"(?:\[([0-9A-Fa-f:.]{{2,45}})\]|({_NAME}))(?::([0-9]{{1,5}}))?")
_HOP = re.compile(r"(?:\[([0-9A-Fa-f:.]{2,45})\]|([0-9.]{7,15}))(?::[0-9]{1,5})?")
_ORIGIN = re.compile(r"(https?)://(.*)", re.DOTALL)
_ABSOLUTE = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*://([^/?#]*)")
_PORTS = {"http": 80, "https": 443}
_OWN_PAGES = ("same-origin", "none")


@dataclass(frozen=True)
class Address:
    """`name`: a host name or an IP address, in lower case, IPv6 without brackets."""

    name: str
    port: int | None

    def is_ip(self) -> bool:
        try:
            ip_address(self.name)
        except ValueError:
            return False
        return True


def parsed(text: str) -> Address | None:
    """What a `Host` header says; None for anything that is not exactly a name or an IP address,
    with or without a port: also for user parts, zones, and IPv4 written in other ways."""
    found = _FORM.fullmatch(text)
    if found is None:
        return None
    v6, name, digits = found.groups()
    port = int(digits) if digits else None
    if port is not None and port > 65535:
        return None
    if v6 is None:
        return Address(name.lower(), port)
    try:
        return Address(str(IPv6Address(v6)), port)
    except ValueError:
        return None


@dataclass(frozen=True)
class Names:
    """Under which names this server answers: loopback names, those it was given, and every IP
    address. A page elsewhere that points its own name here always comes under a name."""

    given: frozenset[str]

    def known(self, host: Address) -> bool:
        name = host.name
        loopback = name == "localhost" or name.endswith(".localhost")
        return loopback or name in self.given or host.is_ip()

    def asked(self, host: str, target: str) -> Address | None:
        """The address that a request is for, if it is one of ours. A target in absolute form names
        a host too: the same one, or it is nobody's."""
        found = parsed(host)
        if found is None or not self.known(found):
            return None
        absolute = _ABSOLUTE.match(target)
        if absolute is not None and parsed(absolute[1]) != found:
            return None
        return found

    def is_own_page(self, origin: str, host: Address, secure: bool) -> bool:
        """Whether `origin` is that of a page served from `host`. `secure`: a proxy in front says
        that it was asked over https. Where it does not say so, it may still be for a name that was
        given: this server itself speaks http only."""
        found = _ORIGIN.fullmatch(origin)
        if found is None:
            return False
        scheme, rest = found.groups()
        if (scheme == "http") if secure else (scheme == "https" and host.name not in self.given):
            return False
        page = parsed(rest)
        if page is None:
            return False
        usual = _PORTS[scheme]
        return (page.name, page.port or usual) == (host.name, host.port or usual)


def is_foreign_fetch(site: str | None) -> bool:
    """By `Sec-Fetch-Site`, which browsers send and no page can set."""
    return site is not None and site not in _OWN_PAGES


def sender(nearest: str, forwarded: str, proxies: Sequence[str]) -> str:
    """The address a request came from: the nearest one that is not a trusted proxy's.

    `forwarded` is `X-Forwarded-For`: what it says is believed of trusted proxies only.
    """
    if not proxies:
        return nearest
    networks = [ip_network(each, strict=False) for each in proxies]
    hops = [*(_without_port(hop.strip()) for hop in forwarded.split(",") if hop.strip()), nearest]
    for hop in reversed(hops):
        if not any(_is_in(hop, network) for network in networks):
            return hop
    return hops[0]


def _without_port(hop: str) -> str:
    """Some proxies say the port too, and put IPv6 in brackets."""
    found = _HOP.fullmatch(hop)
    return hop if found is None else found[1] or found[2]


def _is_in(hop: str, network: IPv4Network | IPv6Network) -> bool:
    try:
        found = ip_address(hop)
    except ValueError:
        return False
    if isinstance(found, IPv6Address) and found.ipv4_mapped is not None:
        found = found.ipv4_mapped
    return found in network
