import { describe, expect, test } from "vitest";
import type { Budget } from "../api/types";
import { describeLimits, limitsDraft, readLimits, withDefaults } from "./limits";

const NONE: Budget = {
  max_cost_usd: null,
  max_total_tokens: null,
  max_llm_calls: null,
  max_duration_seconds: null,
};
const EMPTY = limitsDraft(null);

test("what is left empty is no limit", () => {
  const blank = { ...EMPTY, max_llm_calls: "  " };
  expect(readLimits(blank, "budget")).toEqual({ budget: NONE, errors: {} });
});

test("minutes are sent as seconds, thousands may be grouped", () => {
  const typed = {
    max_cost_usd: "$0.50",
    max_total_tokens: "200,000",
    max_llm_calls: " 12 ",
    max_duration_seconds: "1.5",
  };
  expect(readLimits(typed, "budget")).toEqual({
    budget: {
      max_cost_usd: 0.5,
      max_total_tokens: 200_000,
      max_llm_calls: 12,
      max_duration_seconds: 90,
    },
    errors: {},
  });
});

test.each([0.001, 1, 41.2, 90, 100, 3600.123, 86_400])("%d seconds come back", (seconds) => {
  const shown = limitsDraft({ ...NONE, max_duration_seconds: seconds });
  expect(readLimits(shown, "budget").budget.max_duration_seconds).toBe(seconds);
});

test.each([0.000001, 0.05, 5, 1234.5])("%d dollars come back", (usd) => {
  const shown = limitsDraft({ ...NONE, max_cost_usd: usd });
  expect(readLimits(shown, "budget").budget.max_cost_usd).toBe(usd);
});

describe("what is no limit is refused at its field, and never sent as none", () => {
  test.each([
    ["max_cost_usd", "abc"],
    ["max_cost_usd", "0"],
    ["max_cost_usd", "-1"],
    ["max_cost_usd", "0,5"],
    ["max_cost_usd", "."],
    ["max_total_tokens", "1.5"],
    ["max_total_tokens", "50k"],
    ["max_llm_calls", "0"],
    ["max_llm_calls", "1e3"],
    ["max_duration_seconds", "1:30"],
    ["max_duration_seconds", "0.000001"],
    ["max_duration_seconds", "99999999"],
  ] as const)("%s %s", (limit, text) => {
    const { errors } = readLimits({ ...EMPTY, [limit]: text }, "default_budget");
    expect(Object.keys(errors)).toEqual([`default_budget.${limit}`]);
    expect(errors[`default_budget.${limit}`]?.[0]).toMatch(/^takes /);
  });
});

test("a run's own limits keep the project's others; without any the server applies them", () => {
  const project = { ...NONE, max_cost_usd: 5, max_llm_calls: 100 };
  expect(withDefaults({ ...NONE, max_llm_calls: 10 }, project)).toEqual({
    ...NONE,
    max_cost_usd: 5,
    max_llm_calls: 10,
  });
  expect(withDefaults(NONE, project)).toBeNull();
});

test("limits are described in one line", () => {
  expect(describeLimits(NONE)).toBe("none");
  expect(
    describeLimits({
      max_cost_usd: 0.005,
      max_total_tokens: 50_000,
      max_llm_calls: 1,
      max_duration_seconds: 90,
    }),
  ).toBe("$0.005 · 50,000 tokens · 1 call · 1m 30s");
});
