"""Failed tries, slowed down: an address may fail ten times at once, then once every six seconds."""

import math
import mmap
import secrets
import threading
from hashlib import blake2b
from ipaddress import IPv6Address, ip_address

AT_ONCE = 10
EACH_SECONDS = 6.0
_SLOTS = 2**16


class Throttle:
    """Remembers failures of addresses, in 512 KiB however many addresses there are.

    Those that fall on the same slot share it; which ones do is different at every start. Processes
    that were forked after it was made share all slots. Between them there is no lock: at the same
    instant each may let one through.
    """

    def __init__(self) -> None:
        self._key = secrets.token_bytes(16)
        # When the failures noted in a slot will have been forgotten.
        self._clear = memoryview(mmap.mmap(-1, _SLOTS * 8)).cast("d")
        self.alone = threading.Lock()
        """Held from `wait` to `count`, so that no thread tries in between."""

    def wait(self, address: str, now: float) -> int:
        """Whole seconds until `address` may try again; 0 when it may now."""
        ahead = self._clear[self._slot(address)] - now
        over = ahead - (AT_ONCE - 1) * EACH_SECONDS
        return math.ceil(over) if over > 1e-6 else 0

    def count(self, address: str, now: float) -> None:
        """It failed."""
        slot = self._slot(address)
        self._clear[slot] = max(self._clear[slot], now) + EACH_SECONDS

    def _slot(self, address: str) -> int:
        digest = blake2b(_whose(address).encode(), digest_size=8, key=self._key).digest()
        return int.from_bytes(digest) % _SLOTS


def _whose(address: str) -> str:
    """What one sender has for itself: an IPv4 address, or the half of an IPv6 address that a
    network is given."""
    try:
        found = ip_address(address.partition("%")[0])
    except ValueError:
        return "?"
    if not isinstance(found, IPv6Address):
        return str(found)
    return str(found.ipv4_mapped or int(found) >> 64)
