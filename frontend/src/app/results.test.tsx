import { screen } from "@testing-library/react";
import { expect, test } from "vitest";
import type { Results, RunDetail } from "../api/types";
import { aRun, detailOf, PROJECT, SPEND } from "../testing/data";
import { given } from "../testing/server";
import { visit } from "../testing/visit";

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
