"""Blueprints whose arguments are parsed strictly and whose errors name the field."""

from collections.abc import Callable
from typing import Any, NoReturn, Protocol, TypeVar

import flask_smorest  # type: ignore[import-untyped]
import marshmallow as ma
from flask import Request
from webargs.core import missing
from webargs.flaskparser import FlaskParser
from werkzeug.exceptions import UnsupportedMediaType

from crucible.api.json import parse
from crucible.errors import Invalid
from crucible.schemas import ProblemSchema, invalid

View = TypeVar("View", bound=Callable[..., Any])
PROBLEM_JSON = "application/problem+json"
UNCHANGED = "Nothing has changed since; there is no body."


def nameless() -> Invalid:
    return Invalid.field("query", "has a parameter without a name")


class Decorator(Protocol):
    def __call__(self, view: View, /) -> View: ...


class Parser(FlaskParser):
    # Elsewhere an unknown parameter is ignored; here a typing error is told.
    DEFAULT_UNKNOWN_BY_LOCATION = {**FlaskParser.DEFAULT_UNKNOWN_BY_LOCATION, "query": ma.RAISE}

    def load_json(self, req: Request, schema: ma.Schema) -> Any:
        raw = req.get_data(cache=True)
        if not raw:
            return missing
        encoding = req.headers.get("Content-Encoding", "").strip()
        if encoding.lower() not in ("", "identity"):
            raise UnsupportedMediaType(
                f"the body is encoded as {encoding[:40]}; it is taken only as it is"
            )
        if not req.is_json:
            raise UnsupportedMediaType("the body must be JSON, sent as application/json")
        return parse(raw)

    def load_querystring(self, req: Request, schema: ma.Schema) -> Any:
        if "" in req.args:
            raise nameless()
        for name, values in req.args.lists():
            field = schema.fields.get(name)
            if len(values) > 1 and field is not None and not isinstance(field, ma.fields.List):
                raise Invalid.field(name, "is given more than once")
        return super().load_querystring(req, schema)

    def handle_error(
        self, error: ma.ValidationError, req: Request, schema: ma.Schema, **kwargs: Any
    ) -> NoReturn:
        location, messages = next(iter(dict(error.messages_dict).items()))
        if location == "query" and isinstance(messages, dict):
            messages = {name: _flat(found) for name, found in messages.items()}
        raise invalid(ma.ValidationError(messages))


def _flat(found: Any) -> Any:
    """Messages on an item of a repeated parameter are the parameter's: it has no index there."""
    if not isinstance(found, dict):
        return found
    return [message for messages in found.values() for message in messages]


_PATH_PARAMETERS = {
    "project_id": "Full id, or an unambiguous prefix of 8 or more characters.",
    "run_id": "Full id, an unambiguous prefix of 8 or more characters or, while there is only one "
    "project, a number such as 42.",
    "other": "The same, of another run; a number counts in the project of the first.",
}


class Blueprint(flask_smorest.Blueprint):  # type: ignore[misc]
    ARGUMENTS_PARSER = Parser()

    def route(self, rule: str, **options: Any) -> Decorator:
        """Also documents path parameters, and names the operation after its view."""
        documented = [
            {"in": "path", "name": name, "required": True, "description": text}
            for name, text in _PATH_PARAMETERS.items()
            if f"<{name}>" in rule
        ]
        register = super().route(rule, parameters=documented, **options)

        def decorate(view: View) -> View:
            made: View = register(self.doc(operationId=view.__name__)(view))
            return made

        return decorate

    def query(self, schema: type[ma.Schema]) -> Decorator:
        """Parameters, given to the view as its first argument."""
        decorate: Decorator = self.arguments(schema, location="query")
        return decorate

    def tagged(self, view: View) -> View:
        """Documents an answer that has a tag and need not be sent again; its headers are added
        where the document is made."""
        documented: View = self.alt_response(304, description=UNCHANGED)(view)
        return documented

    def body(self, schema: type[ma.Schema], *, required: bool = True) -> Decorator:
        """A JSON object, given to the view after the parameters."""
        decorate: Decorator = self.arguments(schema, required=required)
        return decorate

    def takes_header(self, name: str, longest: int, description: str) -> Decorator:
        """Documents a header that the view reads."""
        # Printable; blanks at its ends are no part of a header's value.
        plain, seen = r"[^\x00-\x1f\x7f-\xa0\xad]", r"[^\x00-\x20\x7f-\xa0\xad]"
        pattern = f"^{seen}(?:{plain}*{seen})?$"
        schema = {"type": "string", "minLength": 1, "maxLength": longest, "pattern": pattern}
        header = {"in": "header", "name": name, "schema": schema, "description": description}
        decorate: Decorator = self.doc(parameters=[header])
        return decorate

    def answers(
        self, status: int, schema: type[ma.Schema] | None = None, description: str | None = None
    ) -> Decorator:
        """Documents the answer that the view builds."""
        decorate: Decorator = self.response(status, schema, description=description)
        return decorate

    def also(self, status: int, schema: type[ma.Schema], description: str) -> Decorator:
        """Documents an answer of another status."""
        decorate: Decorator = self.alt_response(status, schema=schema, description=description)
        return decorate

    def problems(self, **by_status: str) -> Decorator:
        """Documents the errors of an operation: `_404="no such run"`."""

        def decorate(view: View) -> View:
            for status, description in by_status.items():
                view = self.alt_response(
                    int(status.lstrip("_")),
                    schema=ProblemSchema,
                    description=description,
                    content_type=PROBLEM_JSON,
                )(view)
            return view

        return decorate
