import type { FieldErrors } from "../../../api/client";
import type { Budget, RunDetail } from "../../../api/types";
import { formatCount, formatDuration, formatExactCost } from "../../../lib/format";
import { LIMITS, type Limit } from "../../../lib/limits";

/** What a run has used over all its attempts, which is what its limits count; null is unknown. */
export function usedOf({ llm_usage, duration_seconds }: RunDetail): Budget {
  const total = llm_usage?.total;
  return {
    max_cost_usd: total?.cost_usd ?? null,
    max_total_tokens: total?.total_tokens ?? null,
    max_llm_calls: total?.call_count ?? null,
    max_duration_seconds: duration_seconds,
  };
}

const AS_TEXT: Record<Limit, (value: number) => string> = {
  max_cost_usd: formatExactCost,
  max_total_tokens: formatCount,
  max_llm_calls: formatCount,
  max_duration_seconds: formatDuration,
};

/** Limits that are used up already. */
export function usedUp(asked: Budget, used: Budget): FieldErrors {
  const errors: FieldErrors = {};
  for (const limit of LIMITS) {
    const [most, so_far] = [asked[limit], used[limit]];
    if (most === null || so_far === null || most > so_far) continue;
    errors[`budget.${limit}`] = [`takes more than the ${AS_TEXT[limit](so_far)} used`];
  }
  return errors;
}

/**
 * Why these limits as a whole would not let it go on, else empty. A call is held back by what it
 * could use at most, so that a limit can stop a run before it is used up.
 */
export function whyNoFurther(asked: Budget, before: Budget | null): string {
  if (!before) return "";
  const isRaised = LIMITS.some((limit) => {
    const [old, now] = [before[limit], asked[limit]];
    return old !== null && (now === null || now > old);
  });
  return isRaised ? "" : "Raise a limit: within these it would stop at the same place.";
}
