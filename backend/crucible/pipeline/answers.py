"""The shapes of answers: the JSON schema that is asked for, and the check of what came."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, cast

from marshmallow import EXCLUDE, Schema, ValidationError, fields, validate

from crucible.llm.protocol import InvalidAnswer
from crucible.models.values import Constraint

MIN_R, MAX_R = 0.01, 100.0
DIRECTIONS = ("improves", "worsens")
MAGNITUDES = ("slightly", "clearly", "strongly")
TEXT_LIMIT = 20_000


class Text(fields.String):
    """A text with something in it. What no database keeps (NUL, half a character) is replaced."""

    def __init__(self, limit: int = TEXT_LIMIT) -> None:
        super().__init__(required=True, validate=validate.Length(min=1))
        self._limit = limit

    def _deserialize(self, value: Any, attr: Any, data: Any, **kwargs: Any) -> str:
        text = super()._deserialize(value, attr, data, **kwargs)
        clean = text.replace("\0", "").encode("utf-8", "replace").decode("utf-8").strip()
        return clean[: self._limit]


class Number(fields.Float):
    """A JSON number; neither a text nor a boolean is taken for one."""

    def _validated(self, value: Any) -> float:
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise self.make_error("invalid", input=value)
        return super()._validated(value)


class _Answer(Schema):
    class Meta:
        unknown = EXCLUDE


class EffectAnswer(_Answer):
    constraint = Text(300)
    direction = Text(30)
    magnitude = Text(30)


class CandidateAnswer(_Answer):
    title = Text(300)
    description = Text()
    predicted_effects = fields.List(fields.Nested(EffectAnswer), load_default=list)


class DesignAnswer(_Answer):
    candidates = fields.List(
        fields.Nested(CandidateAnswer), required=True, validate=validate.Length(min=1)
    )


class ScenarioAnswer(_Answer):
    name = Text(300)
    description = Text()


class ScenariosAnswer(_Answer):
    scenarios = fields.List(
        fields.Nested(ScenarioAnswer), required=True, validate=validate.Length(min=1)
    )


class Scores(fields.Field[dict[str, float]]):
    """A number from 0 to 1 for each name. The names are a user's own words: a field for each would
    have marshmallow take dots in them for paths."""

    def __init__(self, names: Sequence[str]) -> None:
        super().__init__(required=True)
        self._names = names
        self._number = Number(validate=validate.Range(min=0, max=1))

    def _deserialize(self, value: Any, attr: Any, data: Any, **kwargs: Any) -> dict[str, float]:
        if not isinstance(value, Mapping):
            raise ValidationError("takes an object")
        found = {}
        for name in self._names:
            try:
                found[name] = cast(float, self._number.deserialize(value.get(name), name, value))
            except ValidationError as error:
                raise ValidationError({name: error.messages}) from None
        return found


def _evaluation_answer(constraints: Sequence[Constraint]) -> Schema:
    made: dict[str, Any] = {
        "explanation": Text(),
        "prediction_quality": Number(required=True, validate=validate.Range(min=0, max=1)),
        "resource_cost": Number(required=True, validate=validate.Range(min=MIN_R, max=MAX_R)),
    }
    if constraints:
        made["constraint_satisfaction"] = Scores([c.name for c in constraints])
    return _Answer.from_dict(made, name="EvaluationAnswer")()


def read_design(data: Any, constraints: Sequence[Constraint]) -> list[dict[str, Any]]:
    """Candidates; of their predicted effects those that are about a constraint there is, in the
    words that were asked for."""
    names = {c.name for c in constraints}
    found = list(_load(DesignAnswer(), data)["candidates"])
    for candidate in found:
        candidate["predicted_effects"] = [
            effect
            for effect in candidate["predicted_effects"]
            if effect["constraint"] in names
            and effect["direction"] in DIRECTIONS
            and effect["magnitude"] in MAGNITUDES
        ]
    return found


def read_scenarios(data: Any) -> list[dict[str, Any]]:
    return list(_load(ScenariosAnswer(), data)["scenarios"])


def evaluation_reader(constraints: Sequence[Constraint]) -> Callable[[Any], Mapping[str, Any]]:
    """Reads any number of answers, in any thread: what they are held against is made once."""
    schema = _evaluation_answer(constraints)
    return lambda data: _load(schema, data)


def _load(schema: Schema, data: Any) -> dict[str, Any]:
    if not isinstance(data, Mapping):
        raise InvalidAnswer("it is not a JSON object")
    try:
        return dict(schema.load(data))
    except ValidationError as error:
        raise InvalidAnswer(f"it has the wrong shape at {_where(error.messages)}") from None


def _where(messages: Any) -> str:
    """The first wrong place, by keys that are ours. Constraint names are the user's own words and
    indices are harmless; the model's words never get here: unknown keys are left out before."""
    path = []
    while isinstance(messages, Mapping) and messages:
        key, messages = next(iter(messages.items()))
        path.append(str(key))
    return ".".join(part for part in path if part != "_schema") or "its top"


def design_schema(constraints: Sequence[Constraint], count: int) -> dict[str, Any]:
    candidate: dict[str, Any] = {"title": _text(), "description": _text()}
    if constraints:
        effect = _object(
            {
                "constraint": {"type": "string", "enum": [c.name for c in constraints]},
                "direction": {"type": "string", "enum": list(DIRECTIONS)},
                "magnitude": {"type": "string", "enum": list(MAGNITUDES)},
            }
        )
        candidate["predicted_effects"] = _array(effect, 1, min(3, len(constraints)))
    return _object({"candidates": _array(_object(candidate), count, count)})


def scenarios_schema(count: int) -> dict[str, Any]:
    scenario = _object({"name": _text(), "description": _text()})
    return _object({"scenarios": _array(scenario, count, count)})


def evaluation_schema(constraints: Sequence[Constraint]) -> dict[str, Any]:
    share = {"type": "number", "minimum": 0, "maximum": 1}
    # The explanation comes first: a model that has said why scores better than one that has not.
    properties: dict[str, Any] = {
        "explanation": _text(),
        "prediction_quality": share,
        "resource_cost": {"type": "number", "minimum": MIN_R, "maximum": 10},
    }
    if constraints:
        properties["constraint_satisfaction"] = _object({c.name: share for c in constraints})
    return _object(properties)


def _text() -> dict[str, Any]:
    return {"type": "string", "minLength": 1}


def _array(items: Mapping[str, Any], low: int, high: int) -> dict[str, Any]:
    return {"type": "array", "items": items, "minItems": low, "maxItems": high}


def _object(properties: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "type": "object",
        "properties": properties,
        "required": list(properties),
        "additionalProperties": False,
    }
