"""The OpenAPI document, built from the schemas and the routes."""

import http
from collections.abc import Iterable
from typing import Any

import flask_smorest  # type: ignore[import-untyped]
import orjson
from flask import Blueprint, Flask, Response, current_app
from flask_smorest.spec import prepare_response  # type: ignore[import-untyped]

import crucible
from crucible.api.blueprint import PROBLEM_JSON
from crucible.api.examples import EXAMPLES
from crucible.api.operations import complete
from crucible.schemas import ProblemSchema

CONFIG = {
    "API_TITLE": "Int Crucible",
    "API_VERSION": crucible.__version__,
    "OPENAPI_VERSION": "3.1.0",
    "API_SPEC_OPTIONS": {
        "info": {
            "description": (
                "Projects, runs, what they took and cost, and what they made. Times are RFC 3339, "
                "UTC, with milliseconds; durations are seconds; money is US dollars; what is not "
                "known is null, never 0. Errors are application/problem+json."
            )
        }
    },
}
_DOCUMENT = "crucible-openapi"


class Api(flask_smorest.Api):  # type: ignore[misc]
    ERROR_SCHEMA = ProblemSchema

    def _register_responses(self) -> None:
        # As the original, but with the media type in which errors are really sent.
        for status in http.HTTPStatus:
            if status >= 400:
                self._register_problem(status.name, status.phrase)
        self._register_problem("DEFAULT_ERROR", "Any other error.")

    def _register_pagination_header(self) -> None:
        """None: pages are turned in the body."""

    def _register_problem(self, name: str, description: str) -> None:
        response: dict[str, Any] = {"description": description, "schema": ProblemSchema}
        prepare_response(response, self.spec, PROBLEM_JSON)
        self.spec.components.response(name, response, lazy=True)


def register(app: Flask, blueprints: Iterable[Any]) -> None:
    """Registers the blueprints and serves the document of their routes."""
    api = Api(app)
    for blueprint in blueprints:
        api.register_blueprint(blueprint)
    app.extensions[_DOCUMENT] = document = _document(api)
    served = Blueprint("openapi", __name__)
    served.add_url_rule("/api/openapi.json", view_func=_serve, endpoint="document")
    app.register_blueprint(served)
    assert document["openapi"].startswith("3.1")


def _document(api: Api) -> dict[str, Any]:
    api.spec.components.get_ref("response", "DEFAULT_ERROR")
    document: dict[str, Any] = api.spec.to_dict()
    for path in document["paths"].values():
        for method, operation in path.items():
            if method != "parameters":
                operation["responses"]["default"] = {"$ref": "#/components/responses/DEFAULT_ERROR"}
                for parameter in operation["parameters"]:
                    parameter["schema"] = _without_null(parameter["schema"])
    complete(document)
    for name, example in EXAMPLES.items():
        document["components"]["schemas"][name]["examples"] = [example]
    return document


def _without_null(schema: dict[str, Any]) -> dict[str, Any]:
    """A parameter is given or left out; it cannot be null, whatever stands for it inside."""
    kept = {name: value for name, value in schema.items() if value is not None}
    if isinstance(kept.get("type"), list):
        kept["type"] = next(word for word in kept["type"] if word != "null")
    if "enum" in kept:
        kept["enum"] = [word for word in kept["enum"] if word is not None]
    return kept


def _serve() -> Response:
    return Response(encoded(current_app), mimetype="application/json")


def document_of(app: Flask) -> dict[str, Any]:
    found: dict[str, Any] = app.extensions[_DOCUMENT]
    return found


def encoded(app: Flask) -> bytes:
    """The document of an application, as JSON."""
    return orjson.dumps(document_of(app), option=orjson.OPT_INDENT_2) + b"\n"
