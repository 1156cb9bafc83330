"""Troubles with labels: what a judge must say of them, and what it may."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from random import Random

from tests.health.records import Model
from tests.health.simulator import EVALUATION_TOKENS, Conditions, World

from crucible.errors import ErrorKind
from crucible.models.values import PhaseName
from crucible.services.past_runs import Size

FAILURES = frozenset({"FAILURE_STREAK", "FAILURE_RATE", "ERROR_KIND_NEW"})
KINDS = (
    ErrorKind.PROVIDER_UNREACHABLE,
    ErrorKind.PROVIDER_AUTH,
    ErrorKind.PROVIDER_RATE_LIMITED,
    ErrorKind.PROVIDER_ERROR,
    ErrorKind.INVALID_RESPONSE,
    ErrorKind.BUDGET_EXCEEDED,
    ErrorKind.WORKER_LOST,
    ErrorKind.INTERNAL,
)
ASKED_AGAIN = (
    ErrorKind.PROVIDER_UNREACHABLE,
    ErrorKind.PROVIDER_RATE_LIMITED,
    ErrorKind.PROVIDER_ERROR,
    ErrorKind.INVALID_RESPONSE,
)
ASKING = (PhaseName.DESIGN, PhaseName.SCENARIOS, PhaseName.EVALUATION)
SINGLE = (PhaseName.DESIGN, PhaseName.SCENARIOS)
"""Phases of one call. Three times slower, they make the run a fifth to a half longer: no change
of three times. Shown apart, beyond what goals are for."""


@dataclass(frozen=True)
class Expected:
    """A code that must be raised; with the phase or model it must name, where there is one."""

    code: str
    phase: str | None = None
    model: str | None = None


@dataclass(frozen=True)
class Stage:
    """The history that a trouble befalls."""

    world: World
    model: Model
    size: Size
    seen: tuple[str, ...]
    """Kinds of errors that it had before, rarely."""


@dataclass(frozen=True)
class Trouble:
    kind: str
    expected: Expected
    change: Callable[[Random, Conditions], Conditions]
    """What a run that it hits meets instead."""
    allowed: frozenset[str] = frozenset()
    """Codes that may be raised as well: true consequences."""
    goal: bool = True
    """Of the size that the goals are stated for."""
    share: float = 1.0
    """Of the runs that it hits; `at_least` so many."""
    at_least: int = 1
    runs: tuple[int, int] = (3, 12)
    stalled: str | None = None
    """Not the runs that ended, but a live one: `running` or `created`."""


Maker = Callable[[Random, Stage], Trouble]


def phase_of(dice: Random, kind: str, size: Size) -> str:
    """Where a kind of error ends a run."""
    first = PhaseName.DESIGN if size.designed else PhaseName.SCENARIOS
    if kind in (ErrorKind.PROVIDER_AUTH, ErrorKind.PROVIDER_UNREACHABLE):
        return first
    if kind == ErrorKind.BUDGET_EXCEEDED:
        return PhaseName.EVALUATION
    if kind == ErrorKind.INVALID_RESPONSE:
        return dice.choice((first, PhaseName.SCENARIOS))
    return dice.choice((first, PhaseName.SCENARIOS, *[PhaseName.EVALUATION] * 3))


def _failing(kind: str, size: Size) -> Callable[[Random, Conditions], Conditions]:
    return lambda dice, met: replace(met, failure=(kind, phase_of(dice, kind, size)))


def _consequences(kind: str) -> frozenset[str]:
    """Runs that fail of what is asked again do retry more."""
    return FAILURES | ({"RETRY_STORM"} if kind in ASKED_AGAIN else set())


def _streak(dice: Random, stage: Stage) -> Trouble:
    kind = dice.choice(KINDS)
    return Trouble(
        "failure streak",
        Expected("FAILURE_STREAK"),
        _failing(kind, stage.size),
        _consequences(kind),
    )


def _rate(dice: Random, stage: Stage) -> Trouble:
    kind = dice.choice(KINDS)
    return Trouble(
        "failures 3 % -> 45-60 %",
        Expected("FAILURE_RATE"),
        _failing(kind, stage.size),
        _consequences(kind),
        share=dice.uniform(0.45, 0.6),
        at_least=3,
        runs=(8, 14),
    )


def _new_kind(dice: Random, stage: Stage) -> Trouble:
    kind = dice.choice([kind for kind in KINDS if kind not in stage.seen])
    return Trouble(
        "new kind of error",
        Expected("ERROR_KIND_NEW"),
        _failing(kind, stage.size),
        _consequences(kind),
        share=0.6,
        at_least=2,
    )


def _slow(where: str | None, factor: float) -> Maker:
    phases = ASKING if where is None else (PhaseName(where),)

    def make(dice: Random, stage: Stage) -> Trouble:
        return Trouble(
            f"{where or 'every call'} x{factor:g} slower",
            Expected("DURATION_REGRESSION", phase=where),
            lambda dice, met: replace(met, slow=dict.fromkeys(phases, factor)),
            goal=factor == 3 and where not in SINGLE,
        )

    return make


def _dearer(factor: int) -> Maker:
    def make(dice: Random, stage: Stage) -> Trouble:
        old = stage.model
        new = Model("model-dear", (old.input_pico or 0) * factor, (old.output_pico or 0) * factor)
        return Trouble(
            f"model x{factor} dearer",
            Expected("COST_SPIKE", model=new.name),
            lambda dice, met: replace(met, model=new),
            goal=factor == 3,
        )

    return make


def _longer(factor: int) -> Maker:
    """The problem's text grew: every call reads as much more as makes an evaluation so many times
    longer. In half of the histories reading takes time as well."""

    def make(dice: Random, stage: Stage) -> Trouble:
        a_call = stage.world.prompt_tokens(PhaseName.EVALUATION, stage.size) + EVALUATION_TOKENS
        slower = dice.choice((1.0, float(factor)))
        consequences = {"COST_SPIKE"} | ({"DURATION_REGRESSION"} if slower > 1 else set())
        return Trouble(
            f"prompts x{factor} longer",
            Expected("TOKEN_SPIKE"),
            lambda dice, met: replace(met, more_prompt=(factor - 1) * a_call, slower_start=slower),
            frozenset(consequences),
            goal=factor == 3,
        )

    return make


def _storm(unreadable: float, kind: str) -> Maker:
    """Retries of half of the questions or more. Some give up: pairs are missing, runs fail."""

    def make(dice: Random, stage: Stage) -> Trouble:
        rate, after = dice.uniform(0.5, 0.75), dice.choice((0.0, 0.0, 2.0, 5.0))
        return Trouble(
            kind,
            Expected("RETRY_STORM"),
            lambda dice, met: replace(
                met, retry_rate=rate, unreadable=unreadable, retry_after=after
            ),
            frozenset({"DURATION_REGRESSION", "COST_SPIKE", "TOKEN_SPIKE", "YIELD_DROP"})
            | FAILURES,
        )

    return make


def _pairs_missing(dice: Random, stage: Stage) -> Trouble:
    refused = dice.random() < 0.5
    # Answers that cannot be read are asked for again, and paid twice.
    paid = {"RETRY_STORM", "TOKEN_SPIKE", "COST_SPIKE", "DURATION_REGRESSION"}
    return Trouble(
        "a third of the pairs missing",
        Expected("YIELD_DROP"),
        lambda dice, met: replace(met, pairs_lost=1 / 3, refused=refused),
        frozenset() if refused else frozenset(paid),
    )


def _candidates_missing(dice: Random, stage: Stage) -> Trouble:
    short = max(1, round(stage.size.candidates / 3))
    return Trouble(
        "a third of the candidates missing",
        Expected("YIELD_DROP"),
        lambda dice, met: replace(met, candidates_short=short),
    )


def _usage_lost(dice: Random, stage: Stage) -> Trouble:
    return Trouble(
        "usage no longer reported",
        Expected("TELEMETRY_MISSING"),
        lambda dice, met: replace(met, reported=False),
    )


def _price_lost(dice: Random, stage: Stage) -> Trouble:
    name = dice.choice((stage.model.name, "model-new"))
    return Trouble(
        "price no longer known",
        Expected("TELEMETRY_MISSING"),
        lambda dice, met: replace(met, model=Model(name, None, None)),
    )


def _stalled(status: str) -> Maker:
    def make(dice: Random, stage: Stage) -> Trouble:
        return Trouble(
            f"{status} run stalled",
            Expected("RUN_STALLED"),
            lambda dice, met: met,
            runs=(1, 3),
            stalled=status,
        )

    return make


TROUBLES: tuple[Maker, ...] = (
    _streak,
    _rate,
    _new_kind,
    *(_slow(where, factor) for factor in (3, 2, 5) for where in (*ASKING, None)),
    *(_dearer(factor) for factor in (3, 2, 5)),
    *(_longer(factor) for factor in (3, 2, 5)),
    _storm(0.1, "retry storm, free"),
    _storm(0.9, "retry storm, billed"),
    _pairs_missing,
    _candidates_missing,
    _usage_lost,
    _price_lost,
    _stalled("running"),
    _stalled("created"),
)
RECOVERABLE: tuple[Maker, ...] = (
    *(_streak, _rate, _new_kind, _slow(None, 3), _slow("evaluation", 3), _dearer(3), _longer(3)),
    *(_storm(0.1, "storm"), _storm(0.9, "storm"), _pairs_missing, _usage_lost, _price_lost),
)
