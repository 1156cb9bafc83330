import { expect, test } from "vitest";
import type { TrendRun } from "../../../api/types";
import { anAnomaly, aTrendRun, aVerdict } from "../../../testing/answers";
import { barsOf } from "./bars";
import { oddRuns, usualFor } from "./usual";

const lasting = (...seconds: (number | null)[]) => runs(seconds, () => 40);

function runs(seconds: (number | null)[], made: (i: number) => number): TrendRun[] {
  return seconds.map((duration_seconds, i) =>
    aTrendRun({ id: `run-${i}`, number: i + 1, duration_seconds, evaluation_count: made(i) }),
  );
}

test("bars and band stand on one scale", () => {
  const found = barsOf(lasting(40, 40, 40, 40, 40, 88), "duration_seconds");
  expect(found[0]?.height).toBeCloseTo(40 / 88);
  expect(found[0]?.band?.from).toBeCloseTo(36 / 88);
  expect(found[0]?.band?.to).toBeCloseTo(44 / 88);
  expect(found.map((bar) => bar.isAbove)).toEqual([false, false, false, false, false, true]);
});

test("a big run beside small ones is usual for its size, and a small one that is slow is not", () => {
  const sizes = [12, 40, 12, 40, 12, 40, 12, 64];
  const took = (made: number) => 1.5 * (12 + made);
  const seconds = sizes.map(took);
  const found = barsOf(
    runs([...seconds, 70], (i) => sizes[i] ?? 12),
    "duration_seconds",
  );
  expect(found.map((bar) => bar.isAbove).lastIndexOf(true)).toBe(8);
  expect(found.filter((bar) => bar.isAbove)).toHaveLength(1);
  expect(found[7]?.usual?.from).toBeLessThan(took(64));
  expect(found[7]?.usual?.to).toBeGreaterThan(took(64));
});

test("one big run's band does not flatten the bars of all others, nor reach nothing", () => {
  const sizes = [12, 12, 12, 12, 12, 12, 160];
  const found = barsOf(
    runs([20, 60, 30, 25, 40, 35, 150], (i) => sizes[i] ?? 12),
    "duration_seconds",
  );
  expect(found[1]?.height).toBeCloseTo(60 / 150);
  expect(found[6]?.band?.to).toBe(1);
  expect(found[0]?.usual?.from).toBeGreaterThan(1);
});

test("runs that became slow leave the band and do not move it", () => {
  const found = barsOf(
    lasting(40, 41, 39, 40, 42, 38, 40, 41, 39, 40, 160, 161, 159),
    "duration_seconds",
  );
  expect(found.filter((bar) => bar.isAbove).map((bar) => bar.run.number)).toEqual([11, 12, 13]);
});

test("runs of a finding do not say what is usual", () => {
  const all = lasting(40, 41, 39, 40, 42, 160, 161, 159, 160, 162);
  const found = anAnomaly({ run_ids: ["run-5", "run-6", "run-7", "run-8", "run-9"] });
  const verdict = aVerdict({ anomalies: [found] });
  expect(oddRuns(verdict, "cost_usd").size).toBe(0);
  const bars = barsOf(all, "duration_seconds", oddRuns(verdict, "duration_seconds"));
  expect(bars.filter((bar) => bar.isAbove)).toHaveLength(5);
});

test("a run that hung is cut and leaves the others their height", () => {
  const found = barsOf(lasting(40, 40, 40, 40, 40, 7200), "duration_seconds");
  expect(found[5]?.isCut).toBe(true);
  expect(found[0]?.isCut).toBe(false);
  expect(found[0]?.height).toBeCloseTo(40 / (4 * 44));
});

test("unknown is no zero, and a few runs are not what is usual", () => {
  const found = barsOf(lasting(null, 0), "duration_seconds");
  expect(found.map((bar) => bar.height)).toEqual([null, 0]);
  expect(found.map((bar) => bar.band)).toEqual([null, null]);
});

test("a cost that is a lower bound says nothing of what is usual, and what is free is usual", () => {
  const paid = lasting(1, 1, 1, 1, 1).map((run) => ({ ...run, unpriced_call_count: 1 }));
  expect(usualFor(paid, "cost_usd", new Set())(paid[0] as TrendRun)).toBeNull();
  const free = lasting(1, 1, 1, 1, 1).map((run) => ({ ...run, cost_usd: 0 }));
  expect(usualFor(free, "cost_usd", new Set())(free[0] as TrendRun)).toEqual({ from: 0, to: 0 });
});
