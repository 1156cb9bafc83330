import { isLive, type Range, type RunDetail } from "../../../api/types";
import { formatCost, formatDuration, formatTokens } from "../../../lib/format";

export interface Foretold {
  name: string;
  expected: Range;
  actual: number | null;
  /** Above what nine in ten were to stay below. */
  isOver: boolean;
  format: (value: number | null | undefined) => string;
  /** The actual figure is no more than a lower bound. */
  isBound: boolean;
}

/** What a run was to take, against what it took. */
export function foretold(run: RunDetail): Foretold[] {
  const total = run.llm_usage?.total;
  const live = isLive(run);
  const rows = [
    row("time", run.estimate?.duration_seconds, run.duration_seconds, formatDuration),
    row("tokens", run.estimate?.tokens, total?.total_tokens, formatTokens),
    row("cost", run.estimate?.cost_usd, total?.cost_usd, (usd) => formatCost(usd)),
  ].filter((one) => one !== null);
  const isUnder = { tokens: total?.unmetered_call_count, cost: total?.unpriced_call_count };
  return rows.map((one) => ({
    ...one,
    isBound: !live && (isUnder[one.name as keyof typeof isUnder] ?? 0) > 0,
  }));
}

function row(
  name: string,
  expected: Range | null | undefined,
  actual: number | null | undefined,
  format: Foretold["format"],
): Omit<Foretold, "isBound"> | null {
  if (!expected || expected.p50 === null) return null;
  const isOver = actual != null && expected.p90 !== null && actual > expected.p90;
  return { name, expected, actual: actual ?? null, isOver, format };
}
