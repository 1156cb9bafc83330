"""`/api/docs`: the document of the API for people. Made here, without script or foreign host."""

import re
from collections.abc import Iterable, Mapping
from functools import cache
from pathlib import Path
from typing import Any

import orjson
from flask import Blueprint, Response, current_app, redirect
from markupsafe import Markup, escape
from werkzeug.wrappers import Response as BaseResponse

from crucible.api.document import document_of

_STYLE = Path(__file__).with_name("docs.css")
_CODE = re.compile(r"`([^`]+)`")
_OMITTED = ("default",)
Part = Mapping[str, Any]

blueprint = Blueprint("docs", __name__)


@blueprint.route("/api/docs")
def page() -> Response:
    return _served(_page(document_of(current_app)), "text/html")


@blueprint.route("/api/docs/")
def same_page() -> BaseResponse:
    return redirect("/api/docs", 308)


@blueprint.route("/api/docs.css")
def style() -> Response:
    return _served(_styles(), "text/css")


def _served(text: str, kind: str) -> Response:
    response = Response(text, mimetype=kind)
    response.headers["Cache-Control"] = "no-cache"
    return response


@cache
def _styles() -> str:
    return _STYLE.read_text()


def _page(document: Part) -> str:
    info = document["info"]
    return Markup(
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        "<title>{title} API</title>"
        '<link rel="icon" href="data:,"><link rel="stylesheet" href="/api/docs.css">'
        "</head><body><main><h1>{title} API</h1>"
        '<p class="quiet">Version {version} · <a href="/">The page</a> · '
        '<a href="/api/openapi.json">OpenAPI document</a></p><p>{about}</p>'
        '<nav aria-label="Operations"><h2>Operations</h2><ul>{toc}</ul></nav>'
        "{operations}"
        '<h2 id="errors">Answers of every operation</h2><dl>{common}</dl>'
        '<h2 id="schemas">Objects</h2>{schemas}</main></body></html>'
    ).format(
        title=info["title"],
        version=info["version"],
        about=_prose(info["description"]),
        toc=_join(_entry(*each) for each in _operations(document)),
        operations=_join(_of_tag(document, tag) for tag in document["tags"]),
        common=_join(_common(document)),
        schemas=_join(
            _schema(name, schema) for name, schema in document["components"]["schemas"].items()
        ),
    )


def _operations(document: Part) -> Iterable[tuple[str, str, Part]]:
    for tag in document["tags"]:
        for path, operations in document["paths"].items():
            for method, operation in operations.items():
                if method != "parameters" and operation["tags"] == [tag["name"]]:
                    yield path, method, operation


def _entry(path: str, method: str, operation: Part) -> Markup:
    return Markup('<li><a href="#{id}">{route}</a></li>').format(
        id=operation["operationId"], route=_route(path, method)
    )


def _route(path: str, method: str) -> Markup:
    return Markup('<code><span class="verb {method}">{verb}</span> {path}</code>').format(
        # A long path may be broken behind each of its parts.
        method=method,
        verb=method.upper(),
        path=Markup("/<wbr>").join(path.split("/")),
    )


def _of_tag(document: Part, tag: Part) -> Markup:
    title = tag["name"].capitalize()
    about = Markup('<h2 id="tag-{name}">{title}</h2><p class="quiet">{text}</p>').format(
        name=tag["name"], title=title, text=_prose(tag.get("description", ""))
    )
    found = [each for each in _operations(document) if each[2]["tags"] == [tag["name"]]]
    return about + _join(_operation(document, *each) for each in found)


def _operation(document: Part, path: str, method: str, operation: Part) -> Markup:
    shared = document["paths"][path].get("parameters", [])
    parameters = [_resolved(document, each) for each in (*shared, *operation["parameters"])]
    parts = [
        _list("Parameters", (_parameter(each) for each in parameters)),
        _body(document, operation),
        _list("Answers", (_answer(document, *each) for each in operation["responses"].items())),
    ]
    return Markup(
        '<section class="operation" id="{id}"><h3><a href="#{id}">{route}</a></h3>'
        "<p>{summary}</p>{more}{parts}</section>"
    ).format(
        id=operation["operationId"],
        route=_route(path, method),
        summary=_prose(operation["summary"]),
        more=_paragraph(operation.get("description")),
        parts=_join(parts),
    )


def _parameter(parameter: Part) -> Markup:
    needed = "required" if parameter.get("required") else "optional"
    where = f"{parameter['in']}, {needed}, {_kind(parameter['schema'])}"
    return _term(parameter["name"], where, parameter.get("description", ""))


def _body(document: Part, operation: Part) -> Markup:
    if "requestBody" not in operation:
        return Markup()
    body = operation["requestBody"]
    schema = body["content"]["application/json"]["schema"]
    needed = "required" if body.get("required") else "optional"
    return _list("Body", [_term_of(_kind(schema), f"JSON, {needed}", _link(schema))])


def _answer(document: Part, status: str, response: Part) -> Markup:
    if status in _OMITTED or "$ref" in response:
        return Markup()
    schema = next(
        (media["schema"] for media in response.get("content", {}).values() if "schema" in media),
        None,
    )
    headers = ", ".join(name for name in response.get("headers", {}) if name != "X-Request-Id")
    text = Markup("{text} {link}{headers}").format(
        text=_prose(response["description"]),
        link=_link(schema),
        headers=Markup('<span class="kind">{names}</span>').format(names=headers)
        if headers
        else "",
    )
    return _term_of(status, "", text)


def _common(document: Part) -> Iterable[Markup]:
    seen: dict[str, tuple[str, Part]] = {}
    for _, _, operation in _operations(document):
        for status, response in operation["responses"].items():
            if "$ref" in response and status not in _OMITTED:
                seen.setdefault(status, (status, _resolved(document, response)))
    for status, response in dict(sorted(seen.items())).values():
        yield _term_of(status, "", _prose(response["description"]))
    for name, header in document["components"]["headers"].items():
        yield _term(name, "header", header["description"])


def _schema(name: str, schema: Part) -> Markup:
    fields = [
        _term(field, _kind(found), found.get("description", ""), link=_link(found))
        for field, found in schema.get("properties", {}).items()
    ]
    return Markup(
        '<section class="schema" id="schema-{name}"><h3><a href="#schema-{name}">{name}</a></h3>'
        "{about}<dl>{fields}</dl>{examples}</section>"
    ).format(
        name=name,
        about=_paragraph(schema.get("description")),
        fields=_join(fields),
        examples=_join(_example(each) for each in schema.get("examples", [])),
    )


def _example(value: Any) -> Markup:
    text = orjson.dumps(value, option=orjson.OPT_INDENT_2).decode()
    return Markup(
        '<details><summary>Example</summary><pre tabindex="0">{text}</pre></details>'
    ).format(text=text)


def _kind(schema: Part) -> str:
    """A schema in a few words: `integer, 1 to 200, default 20`."""
    if name := _name(schema):
        return name
    if "anyOf" in schema:
        return " or ".join(_kind(each) for each in schema["anyOf"])
    kinds = schema.get("type", "any")
    words = [" or ".join(kinds) if isinstance(kinds, list) else kinds]
    if "items" in schema:
        words[0] += f" of {_kind(schema['items'])}"
    if "enum" in schema:
        words.append(" | ".join(str(word) for word in schema["enum"] if word is not None))
    for low, high, unit in (("minimum", "maximum", ""), ("minLength", "maxLength", " characters")):
        if high in schema:
            words.append(f"{schema.get(low, 0):,} to {schema[high]:,}{unit}")
    if schema.get("format"):
        words.append(schema["format"])
    if schema.get("default") not in (None, "", []):
        words.append(f"default {schema['default']}")
    return ", ".join(words)


def _name(schema: Part) -> str | None:
    found: str | None = schema.get("$ref")
    return found.rsplit("/", 1)[1] if found else None


def _link(schema: Part | None) -> Markup:
    """To the object that a schema is, holds or lists."""
    if not schema:
        return Markup()
    inner = [schema, schema.get("items") or {}, *schema.get("anyOf", [])]
    name = next((found for each in inner if (found := _name(each))), None)
    if name is None:
        return Markup()
    return Markup('<a href="#schema-{name}">{name}</a>').format(name=name)


def _resolved(document: Part, part: Part) -> Part:
    if "$ref" not in part:
        return part
    kind, name = part["$ref"].split("/")[-2:]
    found: Part = document["components"][kind][name]
    return found


def _list(title: str, entries: Iterable[Markup]) -> Markup:
    inner = _join(entries)
    return Markup("<h4>{title}</h4><dl>{inner}</dl>").format(title=title, inner=inner) if inner \
        else inner  # fmt: skip


def _term(name: str, kind: str, text: str, link: Markup = Markup()) -> Markup:  # noqa: B008 - immutable
    return _term_of(name, kind, Markup("{text} {link}").format(text=_prose(text), link=link))


def _term_of(name: str, kind: str, text: Markup) -> Markup:
    small = Markup('<span class="kind">{kind}</span>').format(kind=kind) if kind else ""
    return Markup("<div><dt><code>{name}</code>{small}</dt><dd>{text}</dd></div>").format(
        name=name, small=small, text=text
    )


def _paragraph(text: str | None) -> Markup:
    return Markup("<p>{text}</p>").format(text=_prose(text)) if text else Markup()


def _prose(text: str) -> Markup:
    """Text with `words` in code; all else is escaped."""
    return Markup(_CODE.sub(r"<code>\1</code>", str(escape(text))))


def _join(parts: Iterable[Markup]) -> Markup:
    return Markup("\n").join(parts)
