import type { TrendRun, Verdict } from "../../../api/types";
import type { Measure } from "./bars";

export interface Usual {
  from: number;
  to: number;
}

/** Fewer runs than these say nothing of what is usual. */
const FEWEST = 5;
/** Design and scenarios take about as long as this many evaluations, four of which go at once. */
const START: Record<Measure, number> = { duration_seconds: 12, cost_usd: 3 };
const ROOM = 1.5;
const LEAST_ROOM = 0.1;

/**
 * What is usual for a run that made what this one made, so that a big run beside small ones is no
 * outlier: the middle half of the completed runs by what they took for their size, and half as much
 * again as that is wide (the fences of a box plot; the lower one in proportion, so that it does not
 * reach nothing). A few runs out of line do not widen it.
 * `odd` are the runs of a finding: they do not say what is usual.
 */
export function usualFor(
  runs: readonly TrendRun[],
  measure: Measure,
  odd: ReadonlySet<string>,
): (run: TrendRun) => Usual | null {
  const rates = runs
    .filter((run) => run.status === "completed" && !odd.has(run.id))
    .map((run) => rate(run, measure))
    .filter((one) => one !== null)
    .sort((a, b) => a - b);
  if (rates.length < FEWEST) return () => null;
  const [low, middle, high] = [0.25, 0.5, 0.75].map((part) => quantile(rates, part)) as Three;
  const room = Math.max(ROOM * (high - low), LEAST_ROOM * middle);
  return (run) => {
    const size = sizeOf(run, measure);
    if (size === null) return null;
    const below = high > 0 ? Math.min(low * (low / high) ** ROOM, (1 - LEAST_ROOM) * middle) : 0;
    return { from: below * size, to: (high + room) * size };
  };
}

type Three = [number, number, number];

/** The runs that a finding says are out of line in time, or in cost. */
export function oddRuns(verdict: Verdict | undefined, measure: Measure): ReadonlySet<string> {
  const metrics =
    measure === "cost_usd" ? ["cost_usd"] : ["duration_seconds", "phase_duration_seconds"];
  const found = verdict?.anomalies.filter(({ metric }) => metrics.includes(metric)) ?? [];
  return new Set(found.flatMap(({ run_ids }) => run_ids));
}

function rate(run: TrendRun, measure: Measure): number | null {
  const [value, size] = [run[measure], sizeOf(run, measure)];
  // A lower bound is no measure of what a run costs.
  if (measure === "cost_usd" && run.unpriced_call_count > 0) return null;
  return value === null || size === null ? null : value / size;
}

function sizeOf({ evaluation_count: made }: TrendRun, measure: Measure): number | null {
  return made === null ? null : START[measure] + made;
}

/** Of values in order; between two of them it lies on the line. */
function quantile(sorted: readonly number[], part: number): number {
  const place = part * (sorted.length - 1);
  const [below, above] = [sorted[Math.floor(place)] ?? 0, sorted[Math.ceil(place)] ?? 0];
  return below + (above - below) * (place % 1);
}
