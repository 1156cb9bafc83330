import { expect, test } from "vitest";
import { ApiError } from "../../api/client";
import { anEstimate } from "../../testing/data";
import { firstStep, whyNot, work } from "./estimate";

test("work reads as what was asked for", () => {
  const counts = { num_candidates: 5, num_scenarios: 8 };
  expect(work(counts, anEstimate({ calls: 42 }))).toBe("40 evaluations + 2");
  const given = [{ title: "A" }, { title: "B" }];
  const own = { mode: "eval_only" as const, candidates: given, num_scenarios: 3 };
  expect(work(own, anEstimate({ calls: 7 }))).toBe("6 evaluations + 1");
  expect(work(counts, anEstimate({ calls: 12 }))).toBe("12 calls");
  expect(work(counts, anEstimate({ calls: null }))).toBeNull();
});

test("a form that cannot be estimated says which field is in the way", () => {
  const refusal = (field: string) =>
    new ApiError(422, "invalid", "No", { [field]: ["takes more"] });
  expect(whyNot(refusal("num_scenarios"))).toBe("scenarios takes more");
  expect(whyNot(refusal("candidates.1.title"))).toBe("candidate 2, title takes more");
  expect(whyNot(refusal("budget.max_llm_calls"))).toBe("the limit of calls takes more");
  expect(whyNot(new ApiError(0, "unreachable", "The server did not answer."))).toBe(
    "The server did not answer.",
  );
});

test("what has no name yet is asked for one", () => {
  const [named, unnamed] = [{ title: "A" }, { title: "" }];
  expect(firstStep({ mode: "seeded", candidates: [unnamed] })).toBe(
    "Name a candidate to see the estimate",
  );
  expect(firstStep({ mode: "eval_only", candidates: [named, unnamed] })).toBe(
    "Name each candidate to see the estimate",
  );
  expect(firstStep({ mode: "eval_only", candidates: [named] })).toBeNull();
  expect(firstStep({ mode: "full_search" })).toBeNull();
});
