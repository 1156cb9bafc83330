import { screen, within } from "@testing-library/react";
import { expect, test } from "vitest";
import type { RankedCandidate, Results, RunDetail } from "../api/types";
import { aFailedRun, aRun, detailOf, PROJECT, SPEND } from "../testing/data";
import { given } from "../testing/server";
import { visit } from "../testing/visit";

const SCENARIOS = ["s1", "s2"].map((id) => ({ id, name: `Scenario ${id}`, description: "" }));

/** Nothing of run 1; what there is is said by the test. */
function resultsOf(part: Partial<Results> = {}): Results {
  return {
    run_id: "run-1",
    number: 1,
    status: "completed",
    project_id: PROJECT.id,
    project_title: PROJECT.title,
    constraints: [],
    candidates: [],
    scenarios: [],
    missing: [],
    spend: SPEND,
    ...part,
  };
}

/** Scored in each of these scenarios; without any, it has no score. */
function aCandidate(id: string, rank: number, scenarios: string[]): RankedCandidate {
  const isScored = scenarios.length > 0;
  return {
    id,
    rank,
    title: `Candidate ${id}`,
    description: "",
    origin: "designed",
    predicted_effects: [],
    P: isScored ? 0.8 : null,
    R: isScored ? 2 : null,
    I: isScored ? 0.4 : null,
    constraint_satisfaction: {},
    weighted_satisfaction: null,
    hard_violations: [],
    evaluation_count: scenarios.length,
    missing_count: SCENARIOS.length - scenarios.length,
    evaluations: scenarios.map((scenario_id) => ({
      scenario_id,
      P: 0.8,
      R: 2,
      constraint_satisfaction: {},
      explanation: "because",
    })),
  };
}

function open(run: RunDetail, results: Results) {
  given.run(run);
  given.results(results);
  return visit("/runs/run-1/results");
}

test("a run that was imported with its totals alone may have made candidates", async () => {
  open(detailOf(aRun({ ledger: "absent" })), resultsOf());
  const title = { name: "The results of this run are not here" };
  expect(await screen.findByRole("heading", title)).toBeVisible();
  expect(screen.getByText(/imported with its totals alone/)).toBeVisible();
  expect(screen.queryByText(/made no candidates/)).not.toBeInTheDocument();
});

test("a run that made none says so", async () => {
  open(detailOf(aRun({ candidate_count: 0 })), resultsOf());
  const title = { name: "This run made no candidates" };
  expect(await screen.findByRole("heading", title)).toBeVisible();
});

const UNPRICED = { ...SPEND, cost_usd: 0, cost_per_evaluation_usd: 0, unpriced_call_count: 3 };

function tile(name: string): HTMLElement {
  return screen.getByText(name).parentElement as HTMLElement;
}

test("a lower bound of nothing is no price of one thing", async () => {
  const spend = { ...UNPRICED, cost_per_candidate_usd: 0 };
  const candidates = [aCandidate("a", 1, ["s1", "s2"])];
  open(detailOf(aRun()), resultsOf({ candidates, scenarios: SCENARIOS, spend }));
  await screen.findByText("per evaluation");
  expect(tile("per evaluation")).toHaveTextContent("—3 calls have no known price");
  expect(tile("per ranked candidate")).toHaveTextContent("—3 calls have no known price");
});

test("what never ranked has no price of a ranked candidate", async () => {
  const run = aFailedRun(1);
  const spend = { ...UNPRICED, cost_per_evaluation_usd: null, cost_per_candidate_usd: null };
  const candidates = [aCandidate("a", 1, [])];
  open(detailOf(run), resultsOf({ candidates, scenarios: SCENARIOS, spend }));
  await screen.findByText("per evaluation");
  expect(tile("per evaluation")).toHaveTextContent("—There is nothing to divide by");
  expect(screen.queryByText("per ranked candidate")).not.toBeInTheDocument();
});

test("what has no evaluation has no rank, and the ranking says what it is made from", async () => {
  const candidates = [aCandidate("a", 1, ["s1", "s2"]), aCandidate("b", 2, [])];
  open(detailOf(aRun()), resultsOf({ candidates, scenarios: SCENARIOS }));
  const ranking = within(await screen.findByRole("table", { name: "Ranking" }));
  expect(ranking.getByRole("row", { name: /Candidate a/ })).toHaveTextContent(/^1Candidate a/);
  expect(ranking.getByRole("row", { name: /Candidate b/ })).toHaveTextContent(
    /^—It has no evaluation, so it has no rankCandidate b/,
  );
  expect(screen.getByText(/It is made from 2 of 4 evaluations\.$/)).toBeVisible();
});

test("a ranking from all evaluations says nothing of them", async () => {
  const candidates = [aCandidate("a", 1, ["s1", "s2"])];
  open(detailOf(aRun()), resultsOf({ candidates, scenarios: SCENARIOS }));
  expect(await screen.findByText(/stands last\.$/)).toBeVisible();
});

test("a description opens to its predicted effects; a short one has nothing to open", async () => {
  const effect = { constraint: "No data loss", direction: "decrease", magnitude: "slightly" };
  const told = { description: "Prices are cached.", predicted_effects: [effect] };
  const candidates = [
    { ...aCandidate("a", 1, ["s1", "s2"]), ...told },
    { ...aCandidate("b", 2, ["s1", "s2"]), description: "Nothing is cached." },
  ];
  const { user } = open(detailOf(aRun()), resultsOf({ candidates, scenarios: SCENARIOS }));
  const words = await screen.findByText("Prices are cached.");
  expect(words.closest("details")).not.toHaveAttribute("open");
  await user.click(words);
  const effects = screen.getByRole("list", { name: "Predicted effects" });
  expect(effects).toHaveTextContent("No data loss: decrease, slightly");
  expect(screen.getByText("Predicted effects")).toBeVisible();
  expect(screen.getByText("Nothing is cached.").closest("details")).toBeNull();
});
