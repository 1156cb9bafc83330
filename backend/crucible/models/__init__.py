"""The tables. Importing this package registers all of them on `Base`."""

from crucible.models.base import Base, UTCDateTime
from crucible.models.due_trace import DueTrace
from crucible.models.llm_call import LLMCall
from crucible.models.project import Project
from crucible.models.results import CandidateRow, EvaluationRow, MissingRow, ScenarioRow
from crucible.models.revision import Revision
from crucible.models.run import Run, RunAttempt, RunPhase

__all__ = [
    "Base",
    "CandidateRow",
    "DueTrace",
    "EvaluationRow",
    "LLMCall",
    "MissingRow",
    "Project",
    "Revision",
    "Run",
    "RunAttempt",
    "RunPhase",
    "ScenarioRow",
    "UTCDateTime",
]
