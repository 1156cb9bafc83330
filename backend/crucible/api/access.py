"""Who may come in: whoever has the token, or a cookie that was given for it."""

import hashlib
import hmac
import logging
from typing import cast

from flask import Flask, Response, current_app, request
from itsdangerous import BadSignature, TimestampSigner

from crucible.api.addresses import sender
from crucible.api.throttle import Throttle
from crucible.clock import Clock
from crucible.config import Settings
from crucible.errors import TooManyTries, Unauthorized

COOKIE = "crucible_session"
COOKIE_SECONDS = 30 * 24 * 3600
MOST_COOKIES = 20
# All other parts need the token, wherever they are; and whatever is asked for under these paths.
_FREE_PARTS = ("health", "session", "pages")
FREE_PATHS = ("/api/health", "/api/session")
_CLOSED_PATHS = ("/api", "/metrics")
_EXTENSION = "crucible-access"
log = logging.getLogger(__name__)


class Access:
    """The check of an application; `required` is False where no token is set."""

    def __init__(self, settings: Settings, clock: Clock, throttle: Throttle | None = None) -> None:
        self._clock = clock
        self._proxies = settings.trusted_proxies
        self._throttle = throttle or Throttle()
        token = settings.api_token
        self.required = token is not None
        self._digest = _digest(token or "")
        self._signer = _Signer(_key(token), clock) if token else None

    def check(self) -> None:
        """Raises Unauthorized or TooManyTries for a request without a right to what it asks."""
        if not self.required or self.signed_in():
            return
        given = _bearer()
        if given is None:
            raise Unauthorized(
                "this server asks for a token",
                hint="Send `Authorization: Bearer` with the server's CRUCIBLE_API_TOKEN, or sign "
                "in on the page.",
            )
        self.judge(given)

    def signed_in(self) -> bool:
        """By cookie."""
        # A browser may send several of a name: of another path, or of a domain above.
        return any(self._is_ours(sent) for sent in request.cookies.getlist(COOKIE)[:MOST_COOKIES])

    def _is_ours(self, sent: str) -> bool:
        if self._signer is None:
            return False
        try:
            self._signer.unsign(sent, max_age=COOKIE_SECONDS)
        except BadSignature:
            return False
        return True

    def judge(self, given: str) -> None:
        """Raises unless `given` is the token. Who fails too often is not even looked at."""
        address = self._sender()
        now = self._clock.monotonic()
        with self._throttle.alone:
            if wait := self._throttle.wait(address, now):
                raise TooManyTries(
                    "too many wrong tokens came from this address",
                    hint=f"Ask again in {wait} s. Until then no token is looked at, not even the "
                    "right one.",
                    retry_after=wait,
                )
            if hmac.compare_digest(_digest(given), self._digest):
                return
            self._throttle.count(address, now)
        log.warning("a wrong token came from %s", "".join(filter(str.isprintable, address))[:60])
        raise Unauthorized("this is not the server's token")

    def admit(self, response: Response) -> None:
        """Gives the cookie. It tells nothing of the token, and holds until the token changes."""
        assert self._signer is not None
        response.set_cookie(
            COOKIE,
            self._signer.sign("in").decode(),
            max_age=COOKIE_SECONDS,
            httponly=True,
            samesite="Strict",
            secure=is_secure(),
        )

    def dismiss(self, response: Response) -> None:
        response.delete_cookie(COOKIE, httponly=True, samesite="Strict", secure=is_secure())

    def _sender(self) -> str:
        forwarded = request.headers.get("X-Forwarded-For", "")
        return sender(request.remote_addr or "", forwarded, self._proxies)


class _Signer(TimestampSigner):
    """By the clock of the house."""

    def __init__(self, key: bytes, clock: Clock) -> None:
        super().__init__(key, salt="crucible-session", digest_method=hashlib.sha256)
        self._clock = clock

    def get_timestamp(self) -> int:
        return int(self._clock.now().timestamp())


def _key(token: str) -> bytes:
    # Slow on purpose: a cookie that was stolen is no quick way to guess a weak token.
    return hashlib.scrypt(token.encode(), salt=b"crucible session", n=2**14, r=8, p=1, dklen=32)


def _digest(token: str) -> bytes:
    # Of one length, whatever came.
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).digest()


def _bearer() -> str | None:
    kind, _, given = request.headers.get("Authorization", "").partition(" ")
    return given.strip() if kind.lower() == "bearer" else None


def is_secure() -> bool:
    """Whether the browser asked over https, as far as this server is told."""
    return request.is_secure or request.headers.get("X-Forwarded-Proto", "").lower() == "https"


def is_closed() -> bool:
    """Whether what is asked for needs the token, where one is set: also where there is nothing."""
    path = request.path
    if any(path == closed or path.startswith(f"{closed}/") for closed in _CLOSED_PATHS):
        return path not in FREE_PATHS
    endpoint = request.endpoint
    return endpoint is not None and endpoint.partition(".")[0] not in _FREE_PARTS


def register_access(app: Flask, made: Access) -> None:
    app.extensions[_EXTENSION] = made


def access() -> Access:
    return cast(Access, current_app.extensions[_EXTENSION])
