import { expect, test } from "vitest";
import type { Budget } from "../../../api/types";
import { aFailedRun, detailOf, usage } from "../../../testing/data";
import { usedOf, usedUp, whyNoFurther } from "./raise";

function limits(part: Partial<Budget> = {}): Budget {
  return {
    max_cost_usd: null,
    max_total_tokens: null,
    max_llm_calls: null,
    max_duration_seconds: null,
    ...part,
  };
}

test("what was used is what the totals say, and unknown stays unknown", () => {
  const run = detailOf(aFailedRun(1));
  expect(usedOf(run)).toEqual({
    max_cost_usd: 0.1123,
    max_total_tokens: 70_800,
    max_llm_calls: 42,
    max_duration_seconds: 60,
  });
  const unpriced = { ...run, llm_usage: { total: usage({ cost_usd: null }), phases: {} } };
  expect(usedOf(unpriced).max_cost_usd).toBeNull();
});

test("a limit that is used up is told at its field; an unknown use refuses nothing", () => {
  const used = limits({ max_llm_calls: 12, max_total_tokens: 900 });
  const asked = limits({ max_llm_calls: 12, max_total_tokens: 901, max_cost_usd: 0.01 });
  expect(usedUp(asked, used)).toEqual({
    "budget.max_llm_calls": ["takes more than the 12 used"],
  });
});

test("one limit has to be raised or lifted, and all may be", () => {
  const before = limits({ max_cost_usd: 1, max_llm_calls: 12 });
  expect(whyNoFurther(before, before)).toMatch(/^Raise a limit/);
  expect(whyNoFurther(limits({ max_cost_usd: 1, max_llm_calls: 20 }), before)).toBe("");
  expect(whyNoFurther(limits({ max_cost_usd: 1 }), before)).toBe("");
  expect(whyNoFurther(limits(), before)).toBe("");
  // A limit it never had is not more room.
  expect(whyNoFurther({ ...before, max_total_tokens: 9 }, before)).toMatch(/^Raise a limit/);
});
