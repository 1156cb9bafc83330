import { ApiError, type FieldErrors } from "../../api/client";
import type { Estimate, RunInput } from "../../api/types";
import { formatCount, plural } from "../../lib/format";

/** `40 evaluations + 2 calls`, as they were asked for. */
export function work(body: RunInput, estimate: Estimate): string | null {
  if (estimate.calls === null) return null;
  const candidates = body.mode === "eval_only" ? body.candidates?.length : body.num_candidates;
  const pairs = (candidates ?? 0) * (body.num_scenarios ?? 0);
  const others = estimate.calls - pairs;
  if (pairs === 0 || others < 0) return plural(estimate.calls, "call");
  return `${plural(pairs, "evaluation")} + ${formatCount(others)}`;
}

const NAMES: Record<string, string> = {
  num_candidates: "candidates",
  num_scenarios: "scenarios",
  max_cost_usd: "the limit of cost",
  max_total_tokens: "the limit of tokens",
  max_llm_calls: "the limit of calls",
  max_duration_seconds: "the limit of time",
};

/** What to do before there is anything to estimate; null when the form names what it asks for. */
export function firstStep({ mode, candidates }: RunInput): string | null {
  if (mode === "full_search" || !candidates || candidates.every(({ title }) => title)) return null;
  const which = candidates.length > 1 ? "each candidate" : "a candidate";
  return `Name ${which} to see the estimate`;
}

/** Why a form cannot be estimated: its first field that is wrong, in a sentence. */
export function whyNot(error: Error): string {
  const first = error instanceof ApiError ? firstOf(error.errors) : null;
  return first ?? error.message;
}

export function firstOf(errors: FieldErrors): string | null {
  const [field, messages] = Object.entries(errors)[0] ?? [];
  if (!field || !messages?.[0]) return null;
  const [, place, part] = /^candidates\.(\d+)\.(\w+)$/.exec(field) ?? [];
  const last = field.split(".").at(-1) ?? field;
  const name = place ? `candidate ${Number(place) + 1}, ${part}` : (NAMES[last] ?? last);
  return `${name} ${messages[0]}`;
}
