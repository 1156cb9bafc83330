"""`GET /api/projects/{id}/runs/health`."""

from flask.testing import FlaskClient
from tests.api.test_openapi import conforms, document
from tests.seed import START, add_project, add_run, failed, live
from tests.seed_history import HOUR, several

from crucible.db import Database

__all__ = ["document"]
PATH = "/api/projects/{project_id}/runs/health"


def test_a_project_with_every_trouble_keeps_to_the_document(
    client: FlaskClient, database: Database, document: object
) -> None:
    with database.writing() as session:
        project = add_project(session)
        several(session, project, 12)
        several(session, project, 3, slow={"evaluation": 12.0})
        several(session, project, 3, **failed())
        began = START + 30 * HOUR
        add_run(session, project, **live(began), created_at=began, updated_at=began)
        project_id = project.id
    answer = client.get(PATH.format(project_id=project_id))
    assert answer.status_code == 200
    found = conforms(document, answer, PATH)
    assert found["verdict"] == "failing"
    assert found["reasons"][0] == "FAILURE_STREAK"
    assert found["last_failure"]["number"] == 18


def test_an_empty_project_keeps_to_the_document(
    client: FlaskClient, project_id: str, document: object
) -> None:
    found = conforms(document, client.get(PATH.format(project_id=project_id)), PATH)
    assert (found["verdict"], found["window"]["needed"]) == ("unknown", 8)


def test_what_it_does_not_take_is_refused(client: FlaskClient, project_id: str) -> None:
    answer = client.get(PATH.format(project_id=project_id) + "?days=3")
    assert answer.status_code == 422
    assert "days" in answer.get_json()["errors"]
    assert client.get(PATH.format(project_id="nope")).status_code == 404
