"""The wire format: validates input, documents output. Shared by API and CLI."""

from crucible.schemas.compare import ComparisonSchema
from crucible.schemas.loading import invalid, load
from crucible.schemas.projects import ProjectInputSchema, ProjectListSchema, ProjectSchema
from crucible.schemas.queries import (
    CallQuerySchema,
    NoQuerySchema,
    RunQuerySchema,
    RunReferenceQuerySchema,
)
from crucible.schemas.results import ResultsSchema
from crucible.schemas.runs import (
    CallPageSchema,
    ResumeInputSchema,
    RunDetailSchema,
    RunInputSchema,
    RunPageSchema,
    RunSummarySchema,
)
from crucible.schemas.service import (
    HealthSchema,
    ProblemSchema,
    SessionInputSchema,
    SessionSchema,
)
from crucible.schemas.trends import TrendsQuerySchema, TrendsSchema

__all__ = [
    "CallPageSchema",
    "CallQuerySchema",
    "ComparisonSchema",
    "HealthSchema",
    "NoQuerySchema",
    "ProblemSchema",
    "ProjectInputSchema",
    "ProjectListSchema",
    "ProjectSchema",
    "ResultsSchema",
    "ResumeInputSchema",
    "RunDetailSchema",
    "RunInputSchema",
    "RunPageSchema",
    "RunQuerySchema",
    "RunReferenceQuerySchema",
    "RunSummarySchema",
    "SessionInputSchema",
    "SessionSchema",
    "TrendsQuerySchema",
    "TrendsSchema",
    "invalid",
    "load",
]
