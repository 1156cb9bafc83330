"""A model endpoint that is slow, errs and hangs up now and then, in a process of its own.

python -m tests.soak.endpoint SEED

It prints its address, serves until its standard input is closed, and then prints how many requests
came for each model, as JSON. Every run of the soak asks for a model of its own, so that its ledger
can be held against what was really asked.
"""

import json
import random
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import count
from typing import Any

from tests.stub_model import Charge, StubModel, sample

# Of a thousand requests; all others are answered.
ODD = {
    "status 500": 12,
    "retry after 1": 5,
    "status 401": 6,
    "hang up": 6,
    "half": 4,
    "hang": 1,
    "prose": 10,
    "wrong shape": 6,
    "cut off": 5,
    "empty": 3,
    "bad gzip": 2,
    "no usage": 20,
}
DELAY_SECONDS = (0.05, 0.4)
SERVED = "gpt-5-mini"
"""Which model claims to have served, whatever was asked for: one of known price."""


class Endpoint(StubModel):
    """Keeps nothing but counts, for it is asked for a long time."""

    def __init__(self, seed: int) -> None:
        self._dice = random.Random(seed)
        self._numbers = count()
        self._counting = threading.Lock()
        self.asked: Counter[str] = Counter()
        super().__init__(model=SERVED)
        # Callers that were killed, or would not wait, are gone when their answer comes.
        self._server.handle_error = lambda *_: None  # type: ignore[method-assign]

    def receive(self, body: Mapping[str, Any], headers: Mapping[str, str]) -> str:
        with self._counting:
            self.asked[str(body["model"])] += 1
            behaviour = self._behaviour()
            delay = self._dice.uniform(*DELAY_SECONDS)
        time.sleep(delay)
        return behaviour

    def _behaviour(self) -> str:
        rolled = self._dice.randrange(1000)
        for name, share in ODD.items():
            if (rolled := rolled - share) < 0:
                return name
        return "ok"

    def reply(self, body: Mapping[str, Any], schema: Mapping[str, Any]) -> Any:
        return sample(schema, next(self._numbers) % 1000)

    def charge(self, charge: Charge) -> None:
        pass


@dataclass
class Asked:
    url: str
    counts: dict[str, int] = field(default_factory=dict)
    """Requests by model; known when the endpoint has been closed."""


@contextmanager
def endpoint(seed: int) -> Iterator[Asked]:
    command = [sys.executable, "-m", "tests.soak.endpoint", str(seed)]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdin is not None and process.stdout is not None
        asked = Asked(process.stdout.readline().strip())
        try:
            yield asked
        finally:
            process.stdin.close()
            asked.counts = json.loads(process.stdout.readline() or "{}")


def main() -> None:
    made = Endpoint(int(sys.argv[1]))
    print(made.url, flush=True)  # noqa: T201 - its answer
    sys.stdin.read()
    made.close()
    print(json.dumps(made.asked), flush=True)  # noqa: T201 - its answer


if __name__ == "__main__":
    main()
