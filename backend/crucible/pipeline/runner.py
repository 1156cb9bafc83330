"""Joins the phases: one run, from its claim to its end."""

import logging
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial

from crucible import llm
from crucible.clock import Clock
from crucible.config import Settings
from crucible.db import Database
from crucible.errors import ConfigError, ErrorKind, Precondition, RunFailure, Unavailable
from crucible.llm.asking import Asker
from crucible.llm.prices import PriceList
from crucible.llm.protocol import LanguageModel
from crucible.models.values import Mode, PhaseName, Problem
from crucible.pipeline import phases
from crucible.pipeline.ranking import rank
from crucible.recorder.control import Control
from crucible.recorder.lease import Lease, LeaseLost
from crucible.recorder.ledger import Ledger
from crucible.recorder.recorder import RunRecorder
from crucible.scrub import Scrubber

log = logging.getLogger(__name__)

OpenModel = Callable[[Settings, str, Clock], LanguageModel]


def execute(
    database: Database,
    lease: Lease,
    *,
    settings: Settings,
    clock: Clock,
    control: Control | None = None,
    open_model: OpenModel = llm.open_model,
) -> None:
    """Runs the whole pipeline of a claimed run and records how it ended. Raises nothing for a
    run that fails: its row says so."""
    scrub = Scrubber(settings.secrets())
    recorder = RunRecorder(database, lease, clock=clock, scrub=scrub, control=control)
    with recorder.run(), _heartbeat(recorder, settings.lease_seconds / 3):
        config = recorder.config()
        with _opened(partial(open_model, settings, config["model"], clock)) as model:
            ledger = Ledger(
                recorder,
                model,
                prices=_prices(settings.prices),
                scrub=scrub,
                budget=recorder.budget(),
                capture_content=settings.capture_content,
            )
            asker = Asker(
                model,
                ledger,
                max_retries=settings.llm_max_retries,
                wait=recorder.control.wait,
            )
            concurrency = min(settings.concurrency, model.concurrency or settings.concurrency)
            Pipeline(recorder, asker, config, concurrency).execute()


class Pipeline:
    """The four phases in order. Each does only what does not stand yet: a resumed run pays for
    what is missing and for nothing twice."""

    def __init__(
        self, recorder: RunRecorder, asker: Asker, config: dict[str, object], concurrency: int
    ) -> None:
        self._recorder = recorder
        self._asker = asker
        self._mode = Mode(str(config["mode"]))
        self._given: list[dict[str, str]] = config["candidates"] or []  # type: ignore[assignment]
        self._candidates = int(config["num_candidates"])  # type: ignore[call-overload]
        self._scenarios = int(config["num_scenarios"])  # type: ignore[call-overload]
        self._problem = Problem.from_dict(config["problem"])  # type: ignore[arg-type]
        self._concurrency = concurrency
        self._made = recorder.load()
        self._done = recorder.completed_phases()

    def execute(self) -> None:
        self._design()
        self._invent()
        self._evaluate()
        self._rank()

    def _design(self) -> None:
        if PhaseName.DESIGN in self._done:
            return
        made = self._made.candidates
        with self._recorder.phase(PhaseName.DESIGN, self._candidates):
            if not made and self._given:
                made += phases.given_candidates(self._given)
                self._recorder.save(made)
            missing = self._candidates - len(made)
            if missing > 0 and self._mode is not Mode.EVAL_ONLY:
                made += phases.design(self._problem, list(made), missing, self._asker)
        self._note_shortfall("candidates", len(made), self._candidates)

    def _invent(self) -> None:
        if PhaseName.SCENARIOS in self._done:
            return
        made = self._made.scenarios
        with self._recorder.phase(PhaseName.SCENARIOS, self._scenarios):
            missing = self._scenarios - len(made)
            if missing > 0:
                made += phases.scenarios(self._problem, self._made.candidates, missing, self._asker)
        self._note_shortfall("scenarios", len(made), self._scenarios)

    def _evaluate(self) -> None:
        pairs = [(c, s) for c in self._made.candidates for s in self._made.scenarios]
        done = {(e.candidate_id, e.scenario_id) for e in self._made.evaluations}
        missing = [(c, s) for c, s in pairs if (c.id, s.id) not in done]
        if not missing and PhaseName.EVALUATION in self._done:
            return

        evaluate = phases.evaluator(self._problem, self._made.candidates, self._asker)
        with self._recorder.phase(PhaseName.EVALUATION, len(missing)):
            self._recorder.forget_missing()
            phases.evaluate_all(
                missing,
                evaluate,
                concurrency=self._concurrency,
                already=len(done),
                on_missing=self._recorder.save_missing,
                on_fatal=self._recorder.control.halt,
            )

    def _rank(self) -> None:
        with self._recorder.phase(PhaseName.RANKING, len(self._made.candidates)):
            made = self._recorder.load()
            self._recorder.save_ranking(
                rank(
                    self._problem.constraints,
                    made.candidates,
                    len(made.scenarios),
                    made.evaluations,
                )
            )
        self._note_shortfall(
            "evaluations", len(made.evaluations), len(made.candidates) * len(made.scenarios)
        )

    def _note_shortfall(self, what: str, came: int, wanted: int) -> None:
        if came < wanted:
            self._recorder.note(f"{came} of {wanted} {what} came; the ranking is from these.")


@contextmanager
def _opened(open_model: Callable[[], LanguageModel]) -> Iterator[LanguageModel]:
    try:
        model = open_model()
    except Precondition as missing:
        raise RunFailure(
            ErrorKind.PRECONDITION, missing.message, missing.message, missing.hint
        ) from missing
    try:
        yield model
    finally:
        model.close()


def _prices(file: str | None) -> PriceList:
    try:
        return PriceList(file)
    except ConfigError as wrong:
        raise RunFailure(
            ErrorKind.PRECONDITION,
            "the price list that CRUCIBLE_PRICES names cannot be read",
            wrong.message,
            "Mend the file (`crucible doctor` says what is wrong with it) or unset "
            "CRUCIBLE_PRICES, restart, then resume the run.",
        ) from wrong


@contextmanager
def _heartbeat(recorder: RunRecorder, interval: float) -> Iterator[None]:
    """Signs of life while the run works, from a thread of its own."""
    done = threading.Event()

    def beat() -> None:
        while not done.wait(interval):
            try:
                recorder.heartbeat()
            except LeaseLost:
                return
            except Unavailable as error:
                log.warning("run %s: no sign of life written: %s", recorder.run_id, error)
            # The next beat may succeed; without one, a run that works would be judged lost.
            except Exception:  # noqa: BLE001 - see above
                log.exception("run %s: no sign of life written", recorder.run_id)

    thread = threading.Thread(target=beat, name="heartbeat", daemon=True)
    thread.start()
    try:
        yield
    finally:
        done.set()
        thread.join()
