"""`Idempotency-Key`: a start that is sent twice starts one run."""

from typing import Any

import pytest
from flask.testing import FlaskClient

ASKED = {"num_candidates": 2, "num_scenarios": 3}


def start(client: FlaskClient, project_id: str, key: str | None, body: Any = None) -> Any:
    headers = {} if key is None else {"Idempotency-Key": key}
    path = f"/api/projects/{project_id}/runs"
    return client.post(path, json=ASKED if body is None else body, headers=headers)


def test_the_same_key_gives_the_same_run(client: FlaskClient, project_id: str) -> None:
    first, again = start(client, project_id, "k1"), start(client, project_id, "k1")
    assert (first.status_code, again.status_code) == (202, 202)
    assert first.json["id"] == again.json["id"]
    assert start(client, project_id, "k2").json["id"] != first.json["id"]
    assert start(client, project_id, None).json["number"] == 3


def test_a_key_does_not_hide_another_request(client: FlaskClient, project_id: str) -> None:
    start(client, project_id, "k")
    answer = start(client, project_id, "k", {"num_candidates": 4})
    assert (answer.status_code, answer.json["code"]) == (409, "conflict")


def test_a_key_belongs_to_its_project(client: FlaskClient, project_id: str) -> None:
    other = client.post("/api/projects", json={"title": "Another"}).json["id"]
    assert start(client, project_id, "k").json["id"] != start(client, other, "k").json["id"]


@pytest.mark.parametrize("key", ["", "x" * 256])
def test_a_key_that_is_none_is_named(client: FlaskClient, project_id: str, key: str) -> None:
    answer = start(client, project_id, key)
    assert answer.status_code == 422
    assert list(answer.json["errors"]) == ["Idempotency-Key"]
