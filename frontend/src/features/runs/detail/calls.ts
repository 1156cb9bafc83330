import type { Call } from "../../../api/types";

const FINE = new Set(["ok", "pending"]);

/** What went wrong first, then the slowest. */
export function worstFirst(calls: readonly Call[]): Call[] {
  return [...calls].sort(
    (a, b) =>
      Number(FINE.has(a.outcome)) - Number(FINE.has(b.outcome)) ||
      (b.latency_seconds ?? -1) - (a.latency_seconds ?? -1),
  );
}
