"""Fields that say what they take, and short makers for documented output."""

import re
from typing import Any

import marshmallow as ma
from marshmallow import validate

_UNWANTED = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")
_Messages = dict[str, str | list[Any] | dict[Any, Any]]
_SURROGATE = re.compile("[\ud800-\udfff]")


class Input(ma.Schema):
    """A body or a query: unknown fields are refused and named."""

    class Meta:
        unknown = ma.RAISE

    error_messages = {
        "unknown": "there is no such field",
        "type": "takes a JSON object",
    }


class Output(ma.Schema):
    """Documents an answer. Answers are built as plain dictionaries; tests hold them to this."""

    class Meta:
        unknown = ma.EXCLUDE  # later versions add fields: a reader has to expect that


def _pattern(low: int, lines: bool) -> str:
    """What a text may be, as one expression that every dialect of JSON Schema reads alike."""
    plain = r"\x00-\x08\x0b-\x1f\x7f-\x9f" if lines else r"\x00-\x1f\x7f-\x9f"
    any_character = rf"(?:[^{plain}]|\r\n)" if lines else f"[^{plain}]"
    seen = rf"[^\s{plain}]{any_character}*" if low else ""
    return f"^{any_character}*{seen}$"


class Text(ma.fields.String):
    """Text without control characters; `lines=False` forbids line breaks and tabs too."""

    def __init__(
        self, low: int, high: int, *, lines: bool = False, nullable: bool = False, **kwargs: Any
    ) -> None:
        self._takes = f"takes text of {low} to {high:,} characters"
        checks: list[Any] = [validate.Length(min=low, max=high, error=self._takes)]
        if low:
            # Of an empty one the length has told.
            seen = r"\Z|[\s\S]*\S"
            checks.append(validate.Regexp(seen, error="takes text that is not blank"))
        messages: _Messages = {"invalid": self._takes, "required": f"is required; it {self._takes}"}
        messages["null"] = self._takes
        metadata = {"pattern": _pattern(low, lines), **kwargs.pop("metadata", {})}
        super().__init__(
            validate=checks,
            error_messages=messages,
            allow_none=nullable or None,
            metadata=metadata,
            **kwargs,
        )
        self._lines, self._high = lines, high

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> str:
        text = super()._deserialize(value, attr, data, **kwargs)
        if _SURROGATE.search(text):
            raise ma.ValidationError("takes valid Unicode; this has half of a surrogate pair")
        if len(text) > self._high:  # as it was sent
            raise ma.ValidationError(self._takes)
        if self._lines:
            text = text.replace("\r\n", "\n")
        if _UNWANTED.search(text) or (not self._lines and ("\n" in text or "\t" in text)):
            allowed = " other than line breaks and tabs" if self._lines else " or line breaks"
            raise ma.ValidationError(f"takes text without control characters{allowed}")
        return text


class Whole(ma.fields.Integer):
    """A whole number within bounds. A JSON number, never a boolean or a text."""

    def __init__(self, low: int, high: int, *, nullable: bool = False, **kwargs: Any) -> None:
        self._takes = f"takes a whole number from {low} to {high}"
        messages: _Messages = dict.fromkeys(("invalid", "too_large", "null"), self._takes)
        messages["required"] = f"is required; it {self._takes}"
        super().__init__(
            validate=validate.Range(min=low, max=high, error=self._takes),
            error_messages=messages,
            allow_none=nullable or None,
            **kwargs,
        )

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> Any:
        whole = isinstance(value, int) or (isinstance(value, float) and value.is_integer())
        if isinstance(value, bool) or not whole:
            raise self.make_error("invalid", input=value)
        return super()._deserialize(value, attr, data, **kwargs)


class QueryWhole(Whole):
    """The same from a query string, where every value is text."""

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> Any:
        if not isinstance(value, str) or not re.fullmatch(r"-?[0-9]{1,9}", value):
            raise self.make_error("invalid", input=value)
        return super()._deserialize(int(value), attr, data, **kwargs)


class Positive(ma.fields.Float):
    """A JSON number from a least amount, never a boolean or a text."""

    def __init__(self, low: float, high: float, description: str) -> None:
        takes = f"takes a number from {low:f} to {high:,.0f}"
        check = validate.Range(min=low, max=high, error=takes)
        super().__init__(
            validate=check,
            allow_none=True,
            load_default=None,
            error_messages=dict.fromkeys(("invalid", "too_large", "special"), takes),
            metadata={"description": description},
        )

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> Any:
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise self.make_error("invalid", input=value)
        return super()._deserialize(value, attr, data, **kwargs)


def choice(words: Any, description: str, **kwargs: Any) -> ma.fields.String:
    """One of a closed set, as input."""
    allowed = [str(word) for word in words]
    takes = "takes one of " + ", ".join(allowed)
    return ma.fields.String(
        validate=validate.OneOf(allowed, error=takes),
        error_messages=dict.fromkeys(("invalid", "null"), takes),
        metadata={"description": description},
        **kwargs,
    )


def listed(inner: Any, most: int, description: str, **kwargs: Any) -> ma.fields.List[Any]:
    """A list as input, of at most `most` items."""
    takes = f"takes a list of at most {most} items"
    return ma.fields.List(
        inner,
        validate=validate.Length(max=most, error=takes),
        error_messages=dict.fromkeys(("invalid", "null"), takes),
        metadata={"description": description},
        **kwargs,
    )


def text(description: str, *, nullable: bool = False) -> ma.fields.String:
    return ma.fields.String(**_output(description, nullable))


def word(words: Any, description: str, *, nullable: bool = False) -> ma.fields.String:
    """One of a closed set, as output."""
    check = validate.OneOf([str(word) for word in words])
    return ma.fields.String(validate=check, **_output(description, nullable))


def moment(description: str, *, nullable: bool = False) -> ma.fields.AwareDateTime:
    shown = f"{description} RFC 3339, UTC, milliseconds."
    return ma.fields.AwareDateTime(**_output(shown, nullable))


def count(description: str, *, nullable: bool = False) -> ma.fields.Integer:
    check = validate.Range(min=0)
    return ma.fields.Integer(strict=True, validate=check, **_output(description, nullable))


def real(description: str, *, nullable: bool = False) -> ma.fields.Float:
    return ma.fields.Float(**_output(description, nullable))


def flag(description: str, *, nullable: bool = False) -> ma.fields.Boolean:
    return ma.fields.Boolean(**_output(description, nullable))


def nested(schema: Any, description: str, *, nullable: bool = False) -> ma.fields.Nested:
    return ma.fields.Nested(schema, **_output(description, nullable))


def items(inner: Any, description: str) -> ma.fields.List[Any]:
    of = inner if isinstance(inner, ma.fields.Field) else ma.fields.Nested(inner)
    return ma.fields.List(of, **_output(description, False))


def counts_by_name(description: str) -> ma.fields.Dict:
    return ma.fields.Dict(
        keys=ma.fields.String(),
        values=ma.fields.Integer(strict=True),
        **_output(description, False),
    )


def shares_by_name(description: str) -> ma.fields.Dict:
    return ma.fields.Dict(
        keys=ma.fields.String(), values=ma.fields.Float(), **_output(description, False)
    )


def _output(description: str, nullable: bool) -> dict[str, Any]:
    # Required, so that types generated from the document have no optional keys.
    return {"required": True, "allow_none": nullable, "metadata": {"description": description}}
