"""The tools that change something. Registered only where the server was started to allow it."""

from typing import Annotated, Any

from mcp_types import CallToolResult
from pydantic import Field

from crucible import schemas
from crucible.errors import Invalid
from crucible.mcp import answers
from crucible.mcp.answers import Asked
from crucible.mcp.bounds import DEFAULT_ITEMS
from crucible.mcp.house import House, one_project
from crucible.mcp.reads import Mode, Project, RunRef, Text
from crucible.mcp.withholding import WITHHELD_NAME, name
from crucible.schemas import ResumeInputSchema, RunInputSchema, RunSummarySchema

Budget = Annotated[
    dict[str, float | int | None] | None,
    Field(
        description="Limits: max_cost_usd, max_total_tokens, max_llm_calls, max_duration_seconds; "
        "over everything the run ever used"
    ),
]
Candidates = Annotated[
    list[dict[str, str]] | None,
    Field(description="{title, description} each; for eval_only and seeded"),
]
Count = Annotated[int | None, Field(ge=1, le=50)]
Key = Annotated[
    str | None,
    Field(
        min_length=1,
        max_length=255,
        description="Any text: a start that is sent again with it gives the first run, not another",
    ),
]


class Writes:
    """Each method is a tool; its signature is what the tool takes."""

    def __init__(self, house: House) -> None:
        self._house = house

    def start_run(
        self,
        project_id: Project = None,
        mode: Mode | None = None,
        candidates: Candidates = None,
        num_candidates: Count = None,
        num_scenarios: Count = None,
        model: Annotated[str | None, Field(max_length=200)] = None,
        budget: Budget = None,
        label: Annotated[str | None, Field(max_length=200)] = None,
        idempotency_key: Key = None,
        include_text: Text = False,
    ) -> CallToolResult:
        said = {
            "mode": mode, "candidates": candidates, "num_candidates": num_candidates,
            "num_scenarios": num_scenarios, "model": model, "budget": budget, "label": label,
        }  # fmt: skip
        with self._house.asked() as source, one_project(project_id):
            body = _checked(RunInputSchema(), said)
            return _summary(source.start(project_id, body, idempotency_key), include_text)

    def cancel_run(
        self, run_id: RunRef, project_id: Project = None, include_text: Text = False
    ) -> CallToolResult:
        with self._house.asked() as source:
            return _summary(source.cancel(run_id, project_id), include_text)

    def resume_run(
        self,
        run_id: RunRef,
        project_id: Project = None,
        budget: Budget = None,
        include_text: Text = False,
    ) -> CallToolResult:
        with self._house.asked() as source:
            limits = _checked(ResumeInputSchema(), {"budget": budget}).get("budget")
            try:
                return _summary(source.resume(run_id, project_id, limits), include_text)
            except Invalid as error:
                model = str(source.run(run_id, project_id)["config"]["model"])
                raise _unquoted(error, model) from error


def _summary(summary: dict[str, Any], include_text: bool) -> CallToolResult:
    asked = Asked("get_run", {"run_id": summary["id"]}, include_text, DEFAULT_ITEMS)
    return answers.one(asked, RunSummarySchema(), summary)


def _checked(schema: Any, said: dict[str, Any]) -> dict[str, Any]:
    """What was said, in the form in which it is sent. Raises Invalid naming the field."""
    given = {key: value for key, value in said.items() if value is not None}
    schemas.load(schema, given)
    return given


def _unquoted(error: Invalid, model: str) -> Invalid:
    """The error without the run's model, should that be a text and no name."""
    if name(model):
        return error
    errors = {
        field: [said.replace(model, WITHHELD_NAME) for said in found]
        for field, found in error.errors.items()
    }
    return Invalid(error.message.replace(model, WITHHELD_NAME), errors, hint=error.hint)
