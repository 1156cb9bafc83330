import type { TrendRun } from "../../../api/types";
import { type Usual, usualFor } from "./usual";

export type Measure = "duration_seconds" | "cost_usd";

export interface Bar {
  run: TrendRun;
  /** 0 to 1 of the strip; null where the figure is not known. */
  height: number | null;
  /** Higher than the strip shows: one run that hung may not flatten the others. */
  isCut: boolean;
  /** What is usual for a run of this size: in seconds or dollars, and 0 to 1 of the strip. */
  usual: Usual | null;
  band: { from: number; to: number } | null;
  /** Of a run that stopped short that says nothing: its time went into what failed as well. */
  isAbove: boolean;
}

const STOPPED = new Set(["failed", "cancelled"]);
/** The band does not touch the edge of the strip. */
const ROOM = 1.25;
/** How many times the top of the band the strip is high at most. */
const HIGHEST = 4;

export function barsOf(
  runs: readonly TrendRun[],
  measure: Measure,
  odd: ReadonlySet<string> = new Set(),
): Bar[] {
  const usual = usualFor(runs, measure, odd);
  const bands = runs.map(usual);
  const values = runs.map((run) => run[measure]).filter((value) => value !== null);
  const tops = bands.flatMap((band) => band?.to ?? []).sort((a, b) => a - b);
  const [common, highest] = [tops[Math.floor(tops.length / 2)] ?? 0, tops.at(-1) ?? 0];
  // The room above the band of most: that of one big run would flatten all the others.
  const all = Math.max(ROOM * common, ...values);
  const top = highest > 0 ? Math.min(all, HIGHEST * highest) : all;
  const share = (value: number) => (top > 0 ? Math.min(1, value / top) : 0);
  return runs.map((run, i) => {
    const [value, band] = [run[measure], bands[i] ?? null];
    return {
      run,
      height: value === null ? null : share(value),
      isCut: (value ?? 0) > top,
      usual: band,
      band: band && { from: share(band.from), to: share(band.to) },
      isAbove: !STOPPED.has(run.status) && value !== null && band !== null && value > band.to,
    };
  });
}
