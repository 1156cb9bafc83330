"""The readable form of the document."""

import re
from typing import Any

import pytest
from flask.testing import FlaskClient


@pytest.fixture
def page(client: FlaskClient) -> str:
    answer = client.get("/api/docs")
    assert (answer.status_code, answer.mimetype) == (200, "text/html")
    return answer.text


def test_every_operation_has_a_place_and_every_link_leads_somewhere(
    client: FlaskClient, page: str
) -> None:
    document: Any = client.get("/api/openapi.json").get_json()
    places = re.findall(r'id="([^"]+)"', page)

    assert len(places) == len(set(places))
    for path, operations in document["paths"].items():
        for method, operation in operations.items():
            if method != "parameters":
                assert operation["operationId"] in places, f"{method} {path}"
    for name in document["components"]["schemas"]:
        assert f"schema-{name}" in places
    assert {link for link in re.findall(r'href="#([^"]+)"', page)} <= set(places)


def test_it_needs_no_script_and_no_other_host(client: FlaskClient, page: str) -> None:
    assert "<script" not in page and "style=" not in page and "<style" not in page
    sources = re.findall(r'(?:src|href)="([^"]+)"', page)
    assert all(source.startswith(("/", "#", "data:,")) for source in sources)
    for source in {each for each in sources if each.startswith("/api/")}:
        assert client.get(source).status_code == 200
    style = client.get("/api/docs.css")
    assert style.mimetype == "text/css"
    assert "url(" not in style.text and "@import" not in style.text


def test_parameters_and_examples_are_shown(page: str) -> None:
    assert "query, optional, integer, 1 to 200, default 20" in page
    assert "full_search | eval_only | seeded" in page
    assert "Checkout p99" in page
    assert "&lt;" not in page  # nothing was escaped twice, and nothing here needs it
