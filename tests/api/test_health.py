from flask.testing import FlaskClient
from tests.api.conftest import KEY

import crucible
from crucible.migrate import HEAD


def test_health_tells_what_serves(client: FlaskClient) -> None:
    answer = client.get("/api/health")

    assert answer.status_code == 200
    assert answer.get_json() == {
        "status": "ok",
        "version": crucible.__version__,
        "database": {"ok": True, "revision": HEAD, "needed": HEAD, "id": None, "note": None},
        "executor": {
            "kind": "embedded",
            "running": True,
            "active": 0,
            "max_active": 8,
            "note": None,
        },
        "llm": {
            "kind": "openai",
            "provider": "openai",
            "model": "gpt-5-mini",
            "ready": True,
            "note": None,
        },
    }
    assert KEY not in answer.text


def test_head_and_options_are_answered(client: FlaskClient) -> None:
    assert client.head("/api/health").data == b""
    assert "GET" in client.options("/api/health").headers["Allow"]
