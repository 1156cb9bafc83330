"""What the walks walk through: a product with a history, and a model that can be made to wait."""

import threading
from dataclasses import dataclass

from tests.lab import Lab
from tests.stub_model import StubModel
from werkzeug.serving import BaseWSGIServer, make_server

from crucible.api import create_app
from crucible.execution.embedded import EmbeddedExecutor
from crucible.models import Run

TOKEN = "only-for-these-tests-2f9c41"


class PacedModel(StubModel):
    """Answers at once, until it is held: then each answer needs a permit."""

    def __post_init__(self) -> None:
        self._open = threading.Event()
        self._open.set()
        self._permits = threading.Semaphore(0)
        super().__post_init__()

    def receive(self, *request: object) -> str:
        while not self._open.is_set():
            if self._permits.acquire(timeout=0.05):
                break
        return super().receive(*request)  # type: ignore[arg-type]

    def hold(self) -> None:
        self._open.clear()

    def let(self, answers: int) -> None:
        self._permits.release(answers)

    def let_all(self) -> None:
        self._open.set()


class Server:
    """The real server on a port of its own, which it takes again after it was stopped."""

    def __init__(self, lab: Lab, executor: EmbeddedExecutor) -> None:
        self._lab, self._executor = lab, executor
        self._serving: tuple[BaseWSGIServer, threading.Thread] | None = None
        self.port = 0
        self.start()

    def start(self) -> None:
        app = create_app(self._lab.settings, executor=self._executor)
        server = make_server("127.0.0.1", self.port, app, threaded=True)
        self.port = server.server_port
        thread = threading.Thread(target=server.serve_forever, args=(0.05,))
        thread.start()
        self._serving = server, thread

    def stop(self) -> None:
        if self._serving is None:
            return
        server, thread = self._serving
        self._serving = None
        server.shutdown()
        server.server_close()
        thread.join()


@dataclass
class World:
    lab: Lab
    server: Server

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server.port}"

    @property
    def stub(self) -> PacedModel:
        assert isinstance(self.lab.stub, PacedModel)
        return self.lab.stub

    def completed(self, project_id: str, candidates: int = 3, scenarios: int = 4) -> Run:
        return self.lab.run(candidates, scenarios, project_id=project_id)

    def failed(self, project_id: str, behaviour: str = "status 401") -> Run:
        """Fails in evaluation: design and scenarios were answered."""
        first = len(self.stub.requests)
        self.stub.plan = lambda n, body: "ok" if n - first < 2 else behaviour
        run = self.lab.run(2, 2, project_id=project_id)
        self.stub.plan = lambda n, body: "ok"
        return run

    def unmetered(self, project_id: str) -> Run:
        """The provider says nothing about tokens."""
        self.stub.plan = lambda n, body: "no usage"
        run = self.lab.run(2, 2, project_id=project_id)
        self.stub.plan = lambda n, body: "ok"
        return run
