import type {
  Call,
  Estimate,
  Health,
  LastFailure,
  Project,
  Run,
  RunDetail,
  RunPage,
  Spend,
  Usage,
} from "../api/types";

export const PROJECT: Project = {
  id: "p-1",
  title: "Checkout p99",
  description: "Reduce the latency of checkout",
  goals: ["p99 below 800 ms"],
  constraints: [{ name: "No data loss", description: "Orders survive", weight: 100 }],
  world_model: "Three regions",
  default_budget: null,
  created_at: "2026-11-01T08:00:00.000Z",
  updated_at: "2026-11-01T08:00:00.000Z",
  last_run: null,
  recent: [],
  failed_24h: 0,
  cost_7d_usd: null,
  unpriced_calls_7d: 0,
};

export const HEALTH: Health = {
  status: "ok",
  version: "0.1.0",
  database: { ok: true, revision: "1", needed: "1", id: null, note: null },
  executor: { kind: "embedded", running: true, active: 0, max_active: 8, note: null },
  llm: { kind: "openai", provider: "openai", model: "gpt-5-mini", ready: true, note: null },
};

export const SPEND: Spend = {
  cost_usd: 0.1123,
  cost_per_evaluation_usd: 0.0028075,
  cost_per_candidate_usd: 0.02246,
  wasted_cost_usd: 0,
  wasted_share: 0,
  unpriced_call_count: 0,
};

export function usage(part: Partial<Usage> = {}): Usage {
  return {
    call_count: 42,
    failed_call_count: 0,
    retry_count: 0,
    input_tokens: 60_000,
    output_tokens: 10_800,
    total_tokens: 70_800,
    cached_input_tokens: 0,
    cache_write_tokens: 0,
    reasoning_tokens: 0,
    unmetered_call_count: 0,
    cost_usd: 0.1123,
    unpriced_call_count: 0,
    wasted_cost_usd: 0,
    providers: { openai: 42 },
    models: { "gpt-5-mini": 42 },
    ...part,
  };
}

const resources = (made: number, calls: number) => ({
  expected: made,
  produced: made,
  llm_calls: calls,
  failed_calls: 0,
  retries: 0,
});

function timing(from: number, seconds: number) {
  const at = (s: number) => new Date(Date.UTC(2026, 10, 22, 8, 0, 0) + s * 1000).toISOString();
  return {
    status: "completed" as const,
    started_at: at(from),
    completed_at: at(from + seconds),
    duration_seconds: seconds,
  };
}

/** A run that completed in a minute; what differs is said by the test. */
export function aRun(part: Partial<Run> = {}): Run {
  const number = part.number ?? 1;
  const id = `run-${number}`;
  return {
    id,
    number,
    project_id: PROJECT.id,
    project_title: PROJECT.title,
    status: "completed",
    mode: "full_search",
    label: null,
    attempt: 1,
    ledger: "complete",
    created_at: "2026-11-22T08:00:00.000Z",
    started_at: "2026-11-22T08:00:00.000Z",
    completed_at: "2026-11-22T08:01:00.000Z",
    updated_at: "2026-11-22T08:01:00.000Z",
    duration_seconds: 60,
    candidate_count: 5,
    scenario_count: 8,
    evaluation_count: 40,
    progress: { phase: "ranking", done: 5, expected: 5 },
    metrics: {
      phase_timings: {
        design: timing(0, 10),
        scenarios: timing(10, 10),
        evaluation: timing(20, 39.997),
        ranking: timing(59.997, 0.003),
      },
      resource_breakdown: {
        design: resources(5, 1),
        scenarios: resources(8, 1),
        evaluation: resources(40, 40),
        ranking: resources(5, 0),
      },
      notes: [],
    },
    llm_usage: { total: usage(), phases: { design: usage({ call_count: 1 }) } },
    error_summary: null,
    error: null,
    links: {
      self: `/api/runs/${id}`,
      results: `/api/runs/${id}/results`,
      calls: `/api/runs/${id}/calls`,
      page: `/projects/p-1/runs/${id}`,
      results_page: `/runs/${id}/results`,
    },
    ...part,
  };
}

export const RATE_LIMITED =
  "Evaluation failed: provider answered 429 (rate limited) 5 times in a row";

export const FAILURE: LastFailure = {
  run_id: "run-2",
  number: 2,
  completed_at: "2026-11-22T08:01:00.000Z",
  phase: "evaluation",
  kind: "provider_rate_limited",
  error_summary: RATE_LIMITED,
  hint: "Wait a minute, then start the run again.",
};

export function aFailedRun(number: number): Run {
  const run = aRun({ number, status: "failed", evaluation_count: 31, error_summary: RATE_LIMITED });
  const { design, scenarios, evaluation } = run.metrics.phase_timings;
  if (!design || !scenarios || !evaluation) throw new Error("aRun has them");
  return {
    ...run,
    metrics: {
      phase_timings: { design, scenarios, evaluation: { ...evaluation, status: "failed" } },
      resource_breakdown: {
        ...run.metrics.resource_breakdown,
        evaluation: { expected: 40, produced: 31, llm_calls: 36, failed_calls: 5, retries: 4 },
      },
      notes: [],
    },
    error: {
      kind: "provider_rate_limited",
      phase: "evaluation",
      message: "Rate limit reached",
      hint: "Wait a minute, then start the run again.",
      fingerprint: "f",
      occurred_at: "2026-11-22T08:01:00.000Z",
    },
  };
}

export function detailOf(run: Run): RunDetail {
  return {
    ...run,
    config: {
      mode: run.mode,
      num_candidates: 5,
      num_scenarios: 8,
      model: "gpt-5-mini",
      provider: "openai",
      candidates: [],
      concurrency: 4,
      max_retries: 2,
      timeout_seconds: 120,
      problem: null,
    },
    budget: null,
    worker: null,
    attempts: [],
    estimate: null,
    spend: SPEND,
    top_candidates: [],
  };
}

export function anEstimate(part: Partial<Estimate> = {}): Estimate {
  return {
    calls: 42,
    tokens: { p50: 60_000, p90: 75_000 },
    cost_usd: { p50: 0.09, p90: 0.2 },
    duration_seconds: { p50: 35, p90: 58 },
    basis: {
      kind: "history",
      runs: 12,
      same_model: true,
      note: "from the last 12 runs with gpt-5-mini",
    },
    warnings: [],
    ...part,
  };
}

export function aCall(part: Partial<Call> = {}): Call {
  return {
    id: "call-1",
    phase: "evaluation",
    subject: "Cache pricing × Flash sale",
    run_attempt: 1,
    attempt: 1,
    outcome: "ok",
    error_kind: null,
    error_detail: null,
    http_status: 200,
    provider: "openai",
    model_asked: "gpt-5-mini",
    model_served: "gpt-5-mini",
    input_tokens: 1400,
    output_tokens: 220,
    cached_input_tokens: 0,
    cache_write_tokens: 0,
    reasoning_tokens: 0,
    cost_usd: 0.0018,
    price_source: "genai-prices",
    latency_seconds: 2,
    sent_at: "2026-11-22T08:00:20.000Z",
    settled_at: "2026-11-22T08:00:22.000Z",
    ...part,
  };
}

export function page(runs: readonly Run[]): RunPage {
  return {
    project_id: PROJECT.id,
    generated_at: "2026-11-22T09:00:00.000Z",
    runs: [...runs],
    total: runs.length,
    has_more: false,
    next_cursor: null,
  };
}
