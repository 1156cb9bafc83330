import type { TrendDay } from "../../../api/types";

export interface KindOfFailure {
  kind: string;
  /** One figure a day, oldest first. */
  counts: number[];
  total: number;
}

/** Failures of imported history may have no kind. */
export const NO_KIND = "kind not known";

/** Failed runs by kind and day, the most frequent kind first. */
export function failuresByKind(days: readonly TrendDay[]): KindOfFailure[] {
  const kinds = new Set(days.flatMap((day) => Object.keys(countsOf(day))));
  return [...kinds]
    .map((kind) => {
      const counts = days.map((day) => countsOf(day)[kind] ?? 0);
      return { kind, counts, total: counts.reduce((sum, count) => sum + count, 0) };
    })
    .sort((a, b) => b.total - a.total || a.kind.localeCompare(b.kind));
}

function countsOf(day: TrendDay): Record<string, number> {
  const known = Object.values(day.failures_by_kind).reduce((sum, count) => sum + count, 0);
  const rest = (day.by_status.failed ?? 0) - known;
  return rest > 0 ? { ...day.failures_by_kind, [NO_KIND]: rest } : day.failures_by_kind;
}
