import type { Comparison } from "../../api/types";

/** Why the difference of two costs is not known, though each is in part; null where it is known. */
export function whyNoDifference({ base, head, cost_usd: cost }: Comparison): string | null {
  const numbers = new Set([
    ...(cost.base_unpriced_call_count > 0 ? [base.number] : []),
    ...(cost.head_unpriced_call_count > 0 ? [head.number] : []),
  ]);
  if (numbers.size === 0) return null;
  const sides = [...numbers].map((number) => `#${number}`).join(" and ");
  const have = numbers.size === 1 ? "has" : "have";
  return `${sides} ${have} calls without a known price, so the difference is not known`;
}
