import { screen, within } from "@testing-library/react";
import { beforeEach, expect, test } from "vitest";
import { aCall, aFailedRun, aRun, detailOf, PROJECT, RATE_LIMITED } from "../testing/data";
import { given } from "../testing/server";
import { visit } from "../testing/visit";

const HISTORY = "/projects/p-1/runs";

beforeEach(() => {
  given.project(PROJECT);
  given.runs([aRun({ number: 3 }), aFailedRun(2)]);
  given.run(detailOf(aRun({ number: 3 })));
  given.run(detailOf(aFailedRun(2)));
  given.calls([
    aCall({ id: "a", latency_seconds: 14 }),
    aCall({ id: "b", outcome: "error", error_kind: "provider_rate_limited", http_status: 429 }),
  ]);
});

test("a failed run begins with why, and what to do", async () => {
  visit(`${HISTORY}/run-2`);
  const dialog = within(await screen.findByRole("dialog", { name: "Run #2" }));
  const why = within(dialog.getByRole("region", { name: "Why it failed" }));
  expect(why.getByRole("heading", { name: RATE_LIMITED })).toBeVisible();
  expect(why.getByText("Wait a minute, then start the run again.")).toBeVisible();
  expect(why.getByText("Scenarios (10s); 31 of 40 evaluations saved")).toBeVisible();
  expect(dialog.getByText("did not begin")).toBeVisible();
  expect(dialog.getByText(/9 missing/)).toBeVisible();
});

test("calls that failed come first", async () => {
  visit(`${HISTORY}/run-2`);
  const calls = within(await screen.findByRole("region", { name: /^Calls/ }));
  const rows = await calls.findAllByRole("row");
  expect(rows[1]).toHaveTextContent("error429 provider rate limited");
  expect(rows[2]).toHaveTextContent("14s");
});

test("a click on the row opens it, and closing leads back", async () => {
  const { user, address } = visit(`${HISTORY}?sort=cost_usd`);
  const table = within(await screen.findByRole("table", { name: "Runs" }));
  await user.click(await table.findByText("completed"));
  await screen.findByRole("dialog", { name: "Run #3" });
  expect(address()).toBe(`${HISTORY}/run-3?sort=cost_usd`);
  await user.click(screen.getByRole("button", { name: "Close" }));
  expect(screen.queryByRole("dialog")).not.toBeInTheDocument();
  expect(address()).toBe(`${HISTORY}?sort=cost_usd`);
});

test("j and k step through the list", async () => {
  const { user } = visit(`${HISTORY}/run-3`);
  await screen.findByRole("dialog", { name: "Run #3" });
  await screen.findByRole("table", { name: "Runs" });
  await screen.findAllByRole("link", { name: "#2" });
  await user.keyboard("j");
  expect(await screen.findByRole("dialog", { name: "Run #2" })).toBeVisible();
  await user.keyboard("k");
  expect(await screen.findByRole("dialog", { name: "Run #3" })).toBeVisible();
});
