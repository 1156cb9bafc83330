import { expect, test } from "vitest";
import type { RankedCandidate, Results } from "../../api/types";
import { SPEND } from "../../testing/data";
import { grid, heatScale, measured } from "./grid";

const evaluation = (scenario_id: string, P: number, R: number) => ({
  scenario_id,
  P,
  R,
  constraint_satisfaction: {},
  explanation: "because",
});

const candidate = (id: string, evaluations: RankedCandidate["evaluations"]): RankedCandidate => ({
  id,
  rank: 1,
  title: id,
  description: "",
  origin: "designed",
  predicted_effects: [],
  P: null,
  R: null,
  I: null,
  constraint_satisfaction: {},
  weighted_satisfaction: null,
  hard_violations: [],
  evaluation_count: evaluations.length,
  missing_count: 2 - evaluations.length,
  evaluations,
});

const RESULTS: Results = {
  run_id: "r",
  number: 1,
  status: "completed",
  project_id: "p",
  project_title: "P",
  constraints: [],
  candidates: [
    candidate("a", [evaluation("s2", 0.9, 3), evaluation("s1", 0.5, 2)]),
    candidate("b", [evaluation("s1", 0.4, 1)]),
  ],
  scenarios: [
    { id: "s1", name: "one", description: "" },
    { id: "s2", name: "two", description: "" },
  ],
  missing: [{ candidate_id: "b", scenario_id: "s2", reason: "the provider timed out" }],
  spend: SPEND,
};

test("cells stand in the order of the scenarios, and a gap keeps its reason", () => {
  const [first, second] = grid(RESULTS);
  expect(first?.cells.map((cell) => cell.evaluation?.P)).toEqual([0.5, 0.9]);
  expect(second?.cells[1]).toMatchObject({ evaluation: null, reason: "the provider timed out" });
});

test("heat runs from the least to the greatest value shown", () => {
  const heat = heatScale(grid(RESULTS), "I");
  expect(measured(evaluation("s", 0.5, 2), "I")).toBe(0.25);
  expect(heat(0.25)).toBe(0);
  expect(heat(0.4)).toBe(1);
  expect(heatScale([], "P")(0.3)).toBe(0.5);
});
