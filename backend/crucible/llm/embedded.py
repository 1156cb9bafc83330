"""The embedded model as a language model: the same HTTP as any other, on a server of ours."""

import threading
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

from crucible.clock import Clock
from crucible.llm.local import files
from crucible.llm.local.grammar import request_extras
from crucible.llm.local.server import LocalServer
from crucible.llm.openai_compatible import OpenAICompatible
from crucible.llm.protocol import Prompt
from crucible.llm.shape import Shape

_servers: dict[str, LocalServer] = {}
_servers_lock = threading.Lock()


class EmbeddedModel(OpenAICompatible):
    free = True
    trust_env = False  # no proxy of the environment stands before our own server
    concurrency: int | None = 1  # one slot: what waits in line would only spend its timeout

    def __init__(
        self, *, local_model: str | None, model: str, timeout_seconds: float, clock: Clock
    ) -> None:
        """Raises Precondition when the model's file is not there."""
        super().__init__(
            base_url="",
            api_key=None,
            model=model,
            provider="local",
            timeout_seconds=timeout_seconds,
            clock=clock,
        )
        self._server = _server(str(files.resolve(local_model)))

    def endpoint(self) -> AbstractContextManager[str]:
        return self._server.use()

    def body(self, prompt: Prompt, shape: Shape) -> dict[str, Any]:
        body = super().body(prompt, shape)
        body.pop("response_format", None)  # the grammar below says the same, more tightly
        return {**body, **request_extras(prompt.name, prompt.schema)}


def close_servers() -> None:
    """Ends the model's processes; the next call would start one again."""
    with _servers_lock:
        for server in _servers.values():
            server.close()
        _servers.clear()


def _server(path: str) -> LocalServer:
    """One server a model file, shared by all runs of this process: it has one slot anyway."""
    with _servers_lock:
        if path not in _servers:
            _servers[path] = LocalServer(Path(path))
        return _servers[path]
