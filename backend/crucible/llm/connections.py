"""Pooled connections to an endpoint: requests finds the way there, urllib3 sends.

Proxy, certificates and headers are the same for all calls of a run, so requests works them out
once for each address. For every call it would cost more than the sending.
"""

import threading
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import requests
from urllib3 import BaseHTTPResponse, HTTPConnectionPool, Timeout

from crucible.llm.watch import WatchedAdapter


@dataclass(frozen=True)
class _Way:
    pool: HTTPConnectionPool
    target: str
    headers: Mapping[str, str]


class Connections:
    """To the endpoint of one run; safe to use from several threads."""

    def __init__(self, api_key: str | None, most: int, *, trust_env: bool = True) -> None:
        """`most` connections are kept open. Without `trust_env` no proxy and no certificates of
        the environment are used."""
        self._adapter = WatchedAdapter(pool_connections=1, pool_maxsize=most, pool_block=False)
        self._session = requests.Session()
        self._session.trust_env = trust_env
        # Otherwise a .netrc entry for the host replaces the key that was configured.
        self._session.auth = _BearerAuth(api_key)
        self._ways: dict[str, _Way] = {}
        self._lock = threading.Lock()

    def post(self, url: str, body: bytes, timeout: Timeout) -> BaseHTTPResponse:
        """The answer's head; its body is read by the caller. Redirects are not followed: the key
        goes to one host only. Raises what requests and urllib3 raise."""
        way = self._ways.get(url) or self._way(url)
        return way.pool.urlopen(
            "POST",
            way.target,
            body=body,
            headers=way.headers,
            timeout=timeout,
            retries=False,
            redirect=False,
            assert_same_host=False,
            preload_content=False,
        )

    def close(self) -> None:
        self._adapter.close()
        self._session.close()

    def _way(self, url: str) -> _Way:
        with self._lock:
            if url not in self._ways:
                self._ways[url] = self._found(url)
            return self._ways[url]

    def _found(self, url: str) -> _Way:
        headers = {"Content-Type": "application/json"}
        request = self._session.prepare_request(requests.Request("POST", url, headers=headers))
        settings: Any = self._session.merge_environment_settings(url, {}, None, None, None)
        verify, cert, proxies = settings["verify"], settings["cert"], settings["proxies"]
        adapter: Any = self._adapter
        pool = adapter.get_connection_with_tls_context(request, verify, proxies=proxies, cert=cert)
        adapter.cert_verify(pool, url, verify, cert)
        sent = {k: v for k, v in request.headers.items() if k.lower() != "content-length"}
        return _Way(pool, adapter.request_url(request, proxies), sent)


class _BearerAuth(requests.auth.AuthBase):
    def __init__(self, key: str | None) -> None:
        self._key = key

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        if self._key:
            request.headers["Authorization"] = f"Bearer {self._key}"
        return request
