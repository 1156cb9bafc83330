import { describe, expect, test } from "vitest";
import golden from "../../../tests/golden/format.json";
import {
  formatAgo,
  formatCost,
  formatCount,
  formatDuration,
  formatElapsed,
  formatExactCost,
  formatScore,
  formatShare,
  formatTokens,
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
