import { expect, test } from "vitest";
import type { Run } from "../../api/types";
import { aFailedRun, aRun } from "../../testing/data";
import { lastGoodPhase, waterfall } from "./waterfall";

test("phases stand on one true time axis", () => {
  const { rows, seconds } = waterfall(aRun(), 0);
  expect(seconds).toBeCloseTo(60);
  expect(rows.map((row) => row.start.toFixed(2))).toEqual(["0.00", "0.17", "0.33", "1.00"]);
  expect(rows.map((row) => row.duration)).toEqual([10, 10, 39.997, 0.003]);
});

test("what lies between the run's start and its phases counts, as it does on a terminal", () => {
  const run = aRun();
  run.started_at = "2026-11-22T07:59:40.000Z";
  run.completed_at = "2026-11-22T08:01:10.000Z";
  run.duration_seconds = 90;
  const { rows, seconds, took } = waterfall(run, 0);
  expect([seconds, took]).toEqual([90, 90]);
  expect(rows.map((row) => row.start.toFixed(2))).toEqual(["0.22", "0.33", "0.44", "0.89"]);
});

test("the axis is as long as the times say, to the millisecond", () => {
  const run = { ...aRun(), started_at: "2026-11-22T08:00:00.000Z" };
  run.completed_at = "2026-11-22T08:01:01.295Z";
  expect(waterfall(run, 0).seconds).toBe(61.295);
});

test("a phase that did not begin has no bar", () => {
  const { rows } = waterfall(aFailedRun(1), 0);
  expect(rows.at(-1)).toMatchObject({ phase: "ranking", timing: null, duration: null, width: 0 });
  expect(lastGoodPhase(aFailedRun(1))).toBe("scenarios");
});

test("a phase that runs reaches to now", () => {
  const run = { ...aRun(), status: "running" as const, completed_at: null, duration_seconds: 1 };
  const design = {
    status: "running" as const,
    started_at: "2026-11-22T08:00:00.000Z",
    completed_at: null,
    duration_seconds: 1,
  };
  run.metrics.phase_timings = { design };
  const { rows, seconds } = waterfall(run, Date.parse("2026-11-22T08:00:07.000Z"));
  expect(seconds).toBe(7);
  expect(rows[0]).toMatchObject({ duration: 7, start: 0, width: 1 });
});

test("a run that never began has an empty axis", () => {
  const run = aRun();
  run.metrics.phase_timings = {};
  expect(waterfall(run, 0).seconds).toBe(0);
});

test("a phase that stopped waits while the run is on its way again", () => {
  const run = aFailedRun(1);
  const stateIn = (part: Partial<Run>) => waterfall({ ...run, ...part }, 0).rows[2]?.state;
  expect(stateIn({})).toBe("failed");
  expect(stateIn({ status: "created", attempt: 2 })).toBe("waiting");
  expect(stateIn({ status: "running", attempt: 2 })).toBe("waiting");
  const { evaluation } = run.metrics.phase_timings;
  if (!evaluation) throw new Error("it has one");
  Object.assign(evaluation, { status: "running", completed_at: null });
  expect(stateIn({ status: "running", attempt: 2 })).toBe("running");
});
