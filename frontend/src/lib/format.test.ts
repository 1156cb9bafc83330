import { describe, expect, test } from "vitest";
import golden from "../../../tests/golden/format.json";
import {
  formatAgo,
  formatCost,
  formatCount,
  formatDay,
  formatDelta,
  formatDuration,
  formatElapsed,
  formatExactCost,
  formatFineCost,
  formatRange,
  formatRatio,
  formatScore,
  formatShare,
  formatTokens,
  inWords,
} from "./format";

/** The command line is held to the same file. */
describe("figures read as agreed", () => {
  test.each(golden.count)("count $value", ({ value, text }) => {
    expect(formatCount(value)).toBe(text);
  });
  test.each(golden.tokens)("tokens $value", ({ value, text }) => {
    expect(formatTokens(value)).toBe(text);
  });
  test.each(golden.duration_seconds)("duration $value", ({ value, text }) => {
    expect(formatDuration(value)).toBe(text);
  });
  test.each(golden.elapsed_seconds)("elapsed $value", ({ value, text }) => {
    expect(formatElapsed(value)).toBe(text);
  });
  test.each(golden.cost_usd)("cost $value, $unpriced_call_count unpriced", (one) => {
    expect(formatCost(one.value, one.unpriced_call_count)).toBe(one.text);
  });
  test.each(golden.exact_cost_usd)("exact cost $value", ({ value, text }) => {
    expect(formatExactCost(value)).toBe(text);
  });
  test.each(golden.share)("share $part of $whole", ({ part, whole, text }) => {
    expect(formatShare(part, whole)).toBe(text);
  });
  test.each(golden.score)("score $value", ({ value, text }) => {
    expect(formatScore(value)).toBe(text);
  });
  test.each(golden.ago)("$at at $now", ({ at, now, text }) => {
    expect(formatAgo(at, Date.parse(now))).toBe(text);
  });
});

test("a day is that day in every zone, and figures of two read as such", () => {
  expect(formatDay("2026-11-21")).toBe("21 Nov");
  expect(formatDay(null)).toBe("—");
  expect(formatRange({ p50: 35, p90: 65 }, formatDuration)).toBe("35s–1m 05s");
  expect(formatRange({ p50: 35, p90: null }, formatDuration)).toBe("35s");
  expect(formatRange({ p50: null, p90: null }, formatDuration)).toBe("—");
  expect(formatDelta(88, formatDuration)).toBe("+1m 28s");
  expect(formatDelta(-0.0339, formatFineCost)).toBe("−$0.03");
  expect(formatDelta(0, formatFineCost)).toBe("same");
  expect(formatDelta(null, formatFineCost)).toBe("—");
  expect(formatFineCost(0.004970572917)).toBe("$0.005");
  expect(formatFineCost(0)).toBe("$0");
  expect(formatRatio(3.14)).toBe("3.1 ×");
  expect(formatRatio(0.754)).toBe("0.75 ×");
});

test("words of the API read as words", () => {
  expect(inWords("3 runs failed, by provider_rate_limited.")).toBe(
    "3 runs failed, by provider rate limited.",
  );
  expect(inWords("Set CRUCIBLE_LLM_MODEL.")).toBe("Set CRUCIBLE_LLM_MODEL.");
});
