import type { Anomaly, Comparison, TrendDay, TrendRun, Trends, Verdict } from "../api/types";
import { aRun, PROJECT } from "./data";

/** All is well, and has been for 20 runs; what differs is said by the test. */
export function aVerdict(part: Partial<Verdict> = {}): Verdict {
  return {
    project_id: PROJECT.id,
    generated_at: "2026-11-22T09:00:00.000Z",
    verdict: "ok",
    reasons: [],
    window: {
      runs: 20,
      since: "2026-11-21T08:00:00.000Z",
      until: "2026-11-22T08:01:00.000Z",
      needed: 0,
    },
    typical: {
      runs: 19,
      duration_seconds: { p50: 60, p90: 90 },
      cost_usd: { p50: 0.11, p90: 0.2 },
      priced_runs: 19,
      candidate_count: 5,
      scenario_count: 8,
      evaluation_count: 40,
      total_tokens: 70_800,
    },
    last_failure: null,
    anomalies: [],
    ...part,
  };
}

export function anAnomaly(part: Partial<Anomaly> = {}): Anomaly {
  return {
    code: "DURATION_REGRESSION",
    severity: "warning",
    summary:
      "Runs take 3.1 times as long as before: 128 s instead of 41 s, most of it in evaluation.",
    metric: "duration_seconds",
    phase: "evaluation",
    model: null,
    observed: 128,
    baseline: 41,
    ratio: 3.12,
    sample_size: 17,
    since_run: { id: "run-2", number: 2 },
    run_ids: ["run-2", "run-3"],
    next: "crucible runs compare run-1 run-3",
    ...part,
  };
}

export function aDay(
  date: string,
  by_status: Record<string, number> = {},
  failures_by_kind: Record<string, number> = {},
): TrendDay {
  const run_count = Object.values(by_status).reduce((sum, count) => sum + count, 0);
  const money = { cost_usd: 0, unpriced_call_count: 0, total_tokens: 0 };
  return { date, run_count, by_status, failures_by_kind, ...money };
}

export function trendsOf(part: Partial<Trends> = {}): Trends {
  return {
    project_id: PROJECT.id,
    generated_at: "2026-11-22T09:00:00.000Z",
    runs: [],
    days: [aDay("2026-11-22")],
    failures: [],
    ...part,
  };
}

/** The second took longer in evaluation, and paid less for a token. */
export function aComparison(base: number, head: number): Comparison {
  const side = (number: number): Comparison["base"] => {
    const { id, project_id, project_title, status, mode, label, created_at, ledger, links } = aRun({
      number,
    });
    const { self, page } = links;
    const brief = {
      id,
      number,
      project_id,
      project_title,
      status,
      mode,
      label,
      created_at,
      ledger,
    };
    return { ...brief, models: { "gpt-5-mini": 42 }, links: { self, page } };
  };
  const same = { base: 40, head: 40, delta: 0 };
  return {
    base: side(base),
    head: side(head),
    generated_at: "2026-11-22T09:00:00.000Z",
    duration_seconds: {
      base: 40,
      head: 128,
      delta: 88,
      base_phases: { design: 9, evaluation: 31, other: 0 },
      head_phases: { design: 9, evaluation: 119, other: 0 },
      phases: { design: 0, evaluation: 88, other: 0 },
    },
    cost_usd: {
      base: 0.115,
      head: 0.11,
      delta: -0.005,
      base_unpriced_call_count: 0,
      head_unpriced_call_count: 0,
      causes: { calls: 0, tokens: 0, price: -0.005, retries: 0 },
    },
    counts: {
      candidate_count: same,
      scenario_count: same,
      evaluation_count: same,
      call_count: same,
      failed_call_count: same,
      retry_count: same,
      input_tokens: same,
      output_tokens: same,
      total_tokens: same,
    },
    best_I: { base: 0.4, head: 0.5, delta: 0.1 },
    notes: [`Head #${head} failed.`],
  };
}

export function aTrendRun(part: Partial<TrendRun> = {}): TrendRun {
  const { id, number, status, mode, created_at, completed_at, duration_seconds } = aRun(part);
  return {
    ...{ id, number, status, mode, created_at, completed_at, duration_seconds },
    cost_usd: 0.11,
    unpriced_call_count: 0,
    total_tokens: 70_800,
    evaluation_count: 40,
    error_kind: null,
    ...part,
  };
}
