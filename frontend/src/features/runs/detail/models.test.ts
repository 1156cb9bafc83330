import { expect, test } from "vitest";
import { usage } from "../../../testing/data";
import { servedBy } from "./models";

function servedWith(models: Record<string, number>): string[] {
  return servedBy({ llm_usage: { total: usage({ models }), phases: {} } });
}

test("a model that was asked for by a shorter name is said once", () => {
  expect(servedWith({ "qwen2.5-coder-q4_k_m": 9, "qwen2.5-coder": 2 })).toEqual([
    "qwen2.5-coder-q4_k_m",
  ]);
  expect(servedWith({ "gpt-5-mini": 9, "claude-5": 2 })).toEqual(["gpt-5-mini", "claude-5"]);
  expect(servedBy({ llm_usage: null })).toEqual([]);
});
