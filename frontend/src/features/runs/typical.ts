import type { Run } from "../../api/types";

export interface Typical {
  runs: number;
  duration: { p50: number | null; p90: number | null };
  candidates: number | null;
  scenarios: number | null;
  evaluations: number | null;
  cost: number | null;
  /** How many of the runs have a cost that is known to the last call. */
  pricedRuns: number;
}

/** What a run usually takes and makes. Runs that do not know a figure do not vote on it. */
export function typicalRun(runs: readonly Run[]): Typical {
  const costs = runs.map(fullyPricedCost).filter((cost) => cost !== null);
  const durations = known(runs.map((run) => run.duration_seconds));
  return {
    runs: runs.length,
    duration: { p50: quantile(durations, 0.5), p90: quantile(durations, 0.9) },
    candidates: median(runs.map((run) => run.candidate_count)),
    scenarios: median(runs.map((run) => run.scenario_count)),
    evaluations: median(runs.map((run) => run.evaluation_count)),
    cost: quantile(costs, 0.5),
    pricedRuns: costs.length,
  };
}

/** A lower bound is not a cost that may be compared, and would pull the median down. */
function fullyPricedCost(run: Run): number | null {
  const total = run.llm_usage?.total;
  if (!total || total.unpriced_call_count > 0) return null;
  return total.cost_usd;
}

function median(values: readonly (number | null)[]): number | null {
  const middle = quantile(known(values), 0.5);
  return middle === null ? null : Math.round(middle);
}

function known(values: readonly (number | null)[]): number[] {
  return values.filter((value) => value !== null);
}

/** Between two neighbours the value is interpolated, as usual for small samples. */
export function quantile(values: readonly number[], q: number): number | null {
  const sorted = [...values].sort((a, b) => a - b);
  const at = (sorted.length - 1) * q;
  const [low, high] = [sorted[Math.floor(at)], sorted[Math.ceil(at)]];
  if (low === undefined || high === undefined) return null;
  return low + (high - low) * (at - Math.floor(at));
}
