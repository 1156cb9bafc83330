import { expect, test } from "vitest";
import { aRun, usage } from "../../testing/data";
import { quantile, typicalRun } from "./typical";

const costing = (cost_usd: number | null, unpriced_call_count = 0) =>
  aRun({ llm_usage: { total: usage({ cost_usd, unpriced_call_count }), phases: {} } });

test("quantiles lie between neighbours", () => {
  expect(quantile([], 0.5)).toBeNull();
  expect(quantile([7], 0.9)).toBe(7);
  expect(quantile([4, 1, 2, 3], 0.5)).toBe(2.5);
  expect(quantile([10, 20, 30, 40, 50, 60, 70, 80, 90, 100, 110], 0.9)).toBe(100);
});

test("a typical run has the median and p90 of the runs", () => {
  const runs = [40, 42, 200].map((duration_seconds) => aRun({ duration_seconds }));
  expect(typicalRun(runs)).toMatchObject({
    runs: 3,
    duration: { p50: 42, p90: 168.4 },
    candidates: 5,
    scenarios: 8,
    evaluations: 40,
    cost: 0.1123,
    pricedRuns: 3,
  });
});

test("a lower bound or an unknown cost does not pull the median down", () => {
  const runs = [costing(0.5), costing(0.01, 3), costing(null, 42), aRun({ llm_usage: null })];
  expect(typicalRun(runs)).toMatchObject({ cost: 0.5, pricedRuns: 1 });
});

test("what no run knows stays unknown", () => {
  const runs = [aRun({ duration_seconds: null, candidate_count: null, llm_usage: null })];
  expect(typicalRun(runs)).toMatchObject({
    duration: { p50: null, p90: null },
    candidates: null,
    cost: null,
  });
});
