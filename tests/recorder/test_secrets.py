"""A hundred error texts with planted secrets of ten kinds: none is stored, logged or shown."""

import logging
import random
import string
from collections.abc import Callable
from typing import Any

import pytest
from tests.lab import KEY, Lab
from tests.stub_model import StubModel

from crucible.api import create_app
from crucible.api.database import db

DICE = random.Random(11)


def letters(count: int) -> str:
    return "".join(DICE.choices(string.ascii_letters + string.digits, k=count))


KINDS: tuple[Callable[[], tuple[str, str]], ...] = (
    lambda: (KEY, f"Incorrect API key provided: {KEY}."),
    lambda: (s := f"sk-proj-{letters(30)}", f"key {s} has no quota"),
    lambda: (s := letters(40), f"Authorization: Bearer {s} was refused"),
    lambda: (s := letters(20), f"upstream postgresql://app:{s}@db.internal/x is down"),
    lambda: (s := letters(24), f'{{"api_key": "{s}", "reason": "expired"}}'),
    lambda: (s := f"ghp_{letters(36)}", f"cannot clone with {s}"),
    lambda: (s := f"AKIA{letters(16).upper()}", f"signature of {s} does not match"),
    lambda: (s := letters(18), f"login failed, password={s}&user=me"),
    lambda: (s := f"AIza{letters(35)}", f"API key {s} not valid"),
    lambda: (s := f"{letters(20)}7", f"token: {s} is revoked"),
)


def test_no_planted_secret_survives(
    make_lab: Callable[..., Lab], stub: StubModel, caplog: pytest.LogCaptureFixture
) -> None:
    planted = [kind() for _ in range(10) for kind in KINDS]
    caplog.set_level(logging.DEBUG)
    lab = make_lab(LLM_MAX_RETRIES="19")
    stub.plan = lambda n, body: f"status 500: {planted[n][1]}"
    runs = [lab.run(1, 1).id for _ in range(5)]
    assert len(stub.requests) == len(planted) == 100
    app = create_app(lab.settings)
    shown = [app.test_client().get("/api/runs/summary").text]
    for run_id in runs:
        for path in ("", "/calls", "/results"):
            shown.append(app.test_client().get(f"/api/runs/{run_id}{path}").text)
    with app.app_context():
        db.engine.dispose()
    places: dict[str, Any] = {
        "database": lab.bytes_on_disk().decode("utf-8", "replace"),
        "log": caplog.text,
        "API": "\n".join(shown),
    }
    found = [(secret, name) for secret, _ in planted for name, text in places.items()
             if secret in text]  # fmt: skip
    assert found == []
    assert "has no quota" in places["API"]
