"""The names of all fields of an answer, from its schema, for `--json FIELDS`.

python -m crucible.schemas.names writes cli/field_names.py: commands that read must not load
marshmallow to know a name.
"""

import textwrap
from pathlib import Path

import marshmallow as ma

from crucible.schemas.compare import ComparisonSchema
from crucible.schemas.estimates import EstimateSchema
from crucible.schemas.projects import ProjectSchema
from crucible.schemas.runs import CallSchema, RunDetailSchema, RunSummarySchema
from crucible.schemas.trends import TrendsSchema
from crucible.schemas.verdict import VerdictSchema

ANSWERS: dict[str, type[ma.Schema]] = {
    "summary": RunSummarySchema,
    "run": RunDetailSchema,
    "call": CallSchema,
    "health": VerdictSchema,
    "trends": TrendsSchema,
    "comparison": ComparisonSchema,
    "project": ProjectSchema,
    "estimate": EstimateSchema,
}
PAGE = Path(__file__).parents[1] / "cli" / "field_names.py"
HEAD = '''\
"""The fields of each answer, with what lies below them in brackets; `*` is any name.

Written by `python -m crucible.schemas.names` from the schemas; edit those, not this.
"""

'''


def outline(schema: ma.Schema) -> str:
    """`id progress(phase done expected) ...`"""
    return " ".join(name + _below(field) for name, field in schema.fields.items())


def _below(field: ma.fields.Field[object]) -> str:
    if isinstance(field, ma.fields.List):
        return _below(field.inner)
    if isinstance(field, ma.fields.Nested):
        return f"({outline(field.schema)})"
    if isinstance(field, ma.fields.Dict):
        return f"(*{_below(field.value_field) if field.value_field else ''})"
    return ""


def page() -> str:
    written = []
    for answer, schema in ANSWERS.items():
        lines = textwrap.wrap(outline(schema()), 92, break_on_hyphens=False)
        written.append(f'    "{answer}": """\n' + "\n".join(f"        {line}" for line in lines))
    return HEAD + "FIELDS = {\n" + "".join(f'{each}\n    """,\n' for each in written) + "}\n"


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
