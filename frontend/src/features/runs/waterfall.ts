import { isLive, PHASES, type Phase, type Run, type Usage } from "../../api/types";

type Timing = NonNullable<Run["metrics"]["phase_timings"][Phase]>;

/** Waiting: an earlier attempt stopped in it, and this one has not come to it yet. */
export type PhaseState = Timing["status"] | "waiting";

export interface PhaseRow {
  phase: Phase;
  /** null: it did not begin. */
  timing: Timing | null;
  state: PhaseState | null;
  duration: number | null;
  /** Where the bar begins and how long it is, as shares of the whole axis. */
  start: number;
  width: number;
  calls: number | null;
  retries: number | null;
  usage: Usage | null;
}

export interface Waterfall {
  rows: PhaseRow[];
  /** Length of the axis: from the run's start to its end, with what lies between phases. */
  seconds: number;
  /** What the run took: less than the axis is long, when it was resumed. */
  took: number;
}

/** One row a phase on a true time axis. `now` ends the phases that still run. */
export function waterfall(run: Run, now: number): Waterfall {
  const timings = run.metrics.phase_timings;
  const spans = PHASES.map((phase) => span(timings[phase] ?? null, now));
  const begun = spans.filter((one) => one !== null);
  const origin = Math.min(...moments(run.started_at), ...begun.map((one) => one.from));
  const end = Math.max(...moments(run.completed_at), ...begun.map((one) => one.to));
  // To the millisecond, as times are given: a difference of floats would round otherwise.
  const seconds = begun.length > 0 ? Math.round((end - origin) * 1000) / 1000 : 0;

  const rows = PHASES.map((phase, i) => {
    const [timing, bar] = [timings[phase] ?? null, spans[i] ?? null];
    const resources = run.metrics.resource_breakdown[phase];
    return {
      phase,
      timing,
      state: state(timing, run),
      duration: duration(timing, bar, run.attempt),
      start: bar && seconds > 0 ? (bar.from - origin) / seconds : 0,
      width: bar && seconds > 0 ? (bar.to - bar.from) / seconds : 0,
      calls: resources?.llm_calls ?? null,
      retries: resources?.retries ?? null,
      usage: run.llm_usage?.phases[phase] ?? null,
    };
  });
  const phases = rows.reduce((sum, row) => sum + (row.duration ?? 0), 0);
  // A live run's phases tick on between two answers.
  const took = isLive(run) ? Math.max(run.duration_seconds ?? 0, phases) : run.duration_seconds;
  return { rows, seconds, took: took ?? phases };
}

function moments(iso: string | null): number[] {
  return iso ? [Date.parse(iso) / 1000] : [];
}

/** What stopped in an earlier attempt is no failure of a run that is on its way again. */
function state(timing: Timing | null, run: Run): PhaseState | null {
  const hasStopped = timing?.status === "failed" || timing?.status === "cancelled";
  return hasStopped && isLive(run) ? "waiting" : (timing?.status ?? null);
}

/** A phase that runs ticks on, unless it was resumed: then its span holds the pause as well. */
function duration(timing: Timing | null, bar: Span | null, attempt: number): number | null {
  if (!timing || !bar) return null;
  return timing.completed_at || attempt > 1 ? timing.duration_seconds : bar.to - bar.from;
}

interface Span {
  from: number;
  to: number;
}

function span(timing: Timing | null, now: number): Span | null {
  if (!timing?.started_at) return null;
  const from = Date.parse(timing.started_at) / 1000;
  if (timing.completed_at) return { from, to: Date.parse(timing.completed_at) / 1000 };
  if (timing.status !== "running") return { from, to: from + (timing.duration_seconds ?? 0) };
  return { from, to: Math.max(from, now / 1000) };
}

/** The last phase that finished, for "the last good step". */
export function lastGoodPhase(run: Run): Phase | null {
  const done = PHASES.filter((phase) => run.metrics.phase_timings[phase]?.status === "completed");
  return done.at(-1) ?? null;
}
