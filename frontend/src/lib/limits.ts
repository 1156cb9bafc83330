import type { FieldErrors } from "../api/client";
import type { Budget } from "../api/types";
import { formatDuration } from "./format";

/** Limits on a run, between what a person types and what is sent. */
export type Limit = keyof Budget;
export type LimitsDraft = Record<Limit, string>;

export const LIMITS: readonly Limit[] = [
  "max_cost_usd",
  "max_total_tokens",
  "max_llm_calls",
  "max_duration_seconds",
];

/** The field of a request that holds the limits; complaints about one begin with it. */
export type Owner = "budget" | "default_budget";

/** `budget.max_cost_usd` and its like. */
export const LIMIT_FIELD = new RegExp(`^(budget|default_budget)\\.(${LIMITS.join("|")})$`);

const WHOLE: readonly Limit[] = ["max_total_tokens", "max_llm_calls"];
/** What the server takes, said here in minutes: it would say it in seconds. */
const MOST_MINUTES = 525_600;

export function limitsDraft(budget: Budget | null): LimitsDraft {
  return {
    max_cost_usd: limitText("max_cost_usd", budget),
    max_total_tokens: limitText("max_total_tokens", budget),
    max_llm_calls: limitText("max_llm_calls", budget),
    max_duration_seconds: limitText("max_duration_seconds", budget),
  };
}

/** A limit as it stands in its field; empty when there is none. */
export function limitText(limit: Limit, budget: Budget | null): string {
  const value = budget?.[limit];
  if (value == null) return "";
  if (limit === "max_cost_usd") return typed.format(value).replaceAll(",", "");
  if (limit === "max_duration_seconds") return toMinutes(value);
  return formatCount(value);
}

/** To as many digits as bring back the same millisecond. */
function toMinutes(seconds: number): string {
  return String(Number((seconds / 60).toFixed(5)));
}

interface Read {
  budget: Budget;
  errors: FieldErrors;
}

/**
 * Limits are typed, so they are written in one notation, whatever the reader's: `1.000` that means a
 * thousand here and one there would be a wrong limit.
 */
const typed = new Intl.NumberFormat("en-US", { maximumFractionDigits: 12 });
const typedCents = new Intl.NumberFormat("en-US", {
  minimumFractionDigits: 2,
  maximumFractionDigits: 2,
});

function formatCount(value: number): string {
  return typed.format(value);
}

function plural(value: number, one: string): string {
  return `${typed.format(value)} ${value === 1 ? one : `${one}s`}`;
}

/** Empty is null, no limit. What is no number is refused here: on the wire it would be null too. */
export function readLimits(draft: LimitsDraft, owner: Owner): Read {
  const budget = { ...NO_LIMITS };
  const errors: FieldErrors = {};
  for (const limit of LIMITS) {
    const amount = readAmount(draft[limit]);
    const wrong = amount === null ? null : complaint(limit, amount);
    if (wrong) errors[`${owner}.${limit}`] = [wrong];
    else budget[limit] = limit === "max_duration_seconds" ? toSeconds(amount) : amount;
  }
  return { budget, errors };
}

const NO_LIMITS: Budget = {
  max_cost_usd: null,
  max_total_tokens: null,
  max_llm_calls: null,
  max_duration_seconds: null,
};

/** `1,000`, `1000`, `0.5`, `.5` and `$5`; a lone comma may be a decimal point and is not guessed. */
function readAmount(text: string): number | null {
  const plain = text.trim().replace(/^\$\s*/, "");
  if (plain === "") return null;
  return /^(\d{1,3}(,\d{3})+|\d*)(\.\d*)?$/.test(plain)
    ? Number(plain.replaceAll(",", ""))
    : Number.NaN;
}

function complaint(limit: Limit, amount: number): string | null {
  if (WHOLE.includes(limit)) {
    return Number.isInteger(amount) && amount > 0 ? null : "takes a whole number above 0";
  }
  if (limit === "max_cost_usd") return amount > 0 ? null : "takes an amount above 0, like 0.50";
  if (amount > MOST_MINUTES) return `takes at most ${formatCount(MOST_MINUTES)} minutes`;
  return amount * 60_000 >= 1 ? null : "takes minutes above 0, like 1.5";
}

function toSeconds(minutes: number | null): number | null {
  return minutes === null ? null : Math.round(minutes * 60_000) / 1000;
}

export function hasLimits(budget: Budget | null): budget is Budget {
  return budget !== null && LIMITS.some((limit) => budget[limit] !== null);
}

/**
 * A run's own limits replace the project's as a whole: each that is left empty is filled from them,
 * so that what the field shows is what holds. Null when the run sets none.
 */
export function withDefaults(own: Budget, project: Budget | null): Budget | null {
  if (!hasLimits(own)) return null;
  const filled = { ...own };
  for (const limit of LIMITS) filled[limit] ??= project?.[limit] ?? null;
  return filled;
}

export function formatLimit(limit: Limit, value: number): string {
  if (limit === "max_cost_usd") return `$${(value < 0.01 ? typed : typedCents).format(value)}`;
  if (limit === "max_duration_seconds") return formatDuration(value);
  return formatCount(value);
}

/** `$0.50 · 100 calls · 5m 00s`. */
export function describeLimits(budget: Budget | null): string {
  if (!hasLimits(budget)) return "none";
  const { max_cost_usd: usd, max_total_tokens: tokens, max_llm_calls: calls } = budget;
  const { max_duration_seconds: seconds } = budget;
  return [
    usd !== null && formatLimit("max_cost_usd", usd),
    tokens !== null && plural(tokens, "token"),
    calls !== null && plural(calls, "call"),
    seconds !== null && formatDuration(seconds),
  ]
    .filter(Boolean)
    .join(" · ");
}
