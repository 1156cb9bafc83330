import type { Anomaly } from "../../../api/types";
import {
  formatCost,
  formatCount,
  formatDuration,
  formatScore,
  formatShare,
  formatTokens,
} from "../../../lib/format";

type Metric = Anomaly["metric"];

interface Measure {
  name: string;
  format: (value: number | null) => string;
  /** Four times as long says something; four times as many failures as one does not. */
  isSize?: true;
}

const share = (value: number | null) => formatShare(value, 1);

/** What an anomaly's figures are, and how they read. */
export const MEASURES: Record<Metric, Measure> = {
  consecutive_failures: { name: "failures in a row", format: formatCount },
  failure_rate: { name: "runs that failed", format: share },
  failed_runs: { name: "runs that failed so", format: formatCount },
  duration_seconds: { name: "duration", format: formatDuration, isSize: true },
  phase_duration_seconds: { name: "time in the phase", format: formatDuration, isSize: true },
  cost_usd: { name: "cost", format: (value) => formatCost(value), isSize: true },
  total_tokens: { name: "tokens", format: formatTokens, isSize: true },
  retries_per_question: { name: "retries a question", format: formatScore, isSize: true },
  yield: { name: "evaluated of what was asked", format: share },
  metered_share: { name: "answers with tokens", format: share },
  priced_share: { name: "calls with a price", format: share },
  silent_seconds: { name: "without a sign of life", format: formatDuration },
};

/** The two runs that the next command sets against each other, if it does. */
export function comparedBy(next: string): { base: string; head: string } | null {
  const [, base, head] = /^crucible runs compare (\S+) (\S+)$/.exec(next) ?? [];
  return base && head ? { base, head } : null;
}
