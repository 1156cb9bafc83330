import { expect, test } from "vitest";
import { whatIsNew } from "./useRunNews";

const run = (number: number, status: "running" | "failed" | "completed", why = "") => ({
  id: `run-${number}`,
  number,
  status,
  error_summary: why || null,
});

test("only what changed is told, and a failure with its reason", () => {
  const seen = new Map([
    ["run-1", "completed" as const],
    ["run-2", "running" as const],
    ["run-3", "running" as const],
  ]);
  const runs = [run(1, "completed"), run(2, "completed"), run(3, "failed", "Design failed: no")];
  expect(whatIsNew(seen, runs)).toBe("Run 2 is completed. Run 3 failed. Design failed: no.");
});

test("another page of the list is no news", () => {
  expect(whatIsNew(new Map(), [run(1, "completed"), run(2, "failed", "x")])).toBe("");
});
