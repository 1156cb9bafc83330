import { act, screen, waitFor, within } from "@testing-library/react";
import { http } from "msw";
import { beforeEach, expect, test } from "vitest";
import { aTrendRun, aVerdict, trendsOf } from "../testing/answers";
import { aFailedRun, aRun, detailOf, FAILURE, PROJECT, RATE_LIMITED, usage } from "../testing/data";
import { given, problem, server } from "../testing/server";
import { visit } from "../testing/visit";

const HISTORY = "/projects/p-1/runs";

beforeEach(() => given.project(PROJECT));

const row = async (number: number) => {
  const table = await screen.findByRole("table", { name: "Runs" });
  return within(await within(table).findByRole("row", { name: new RegExp(`^#${number}\\b`) }));
};

test("the questions that open a visit are answered before a click", async () => {
  given.runs([aRun({ number: 3 }), aFailedRun(2), aRun({ number: 1 })]);
  given.verdict(aVerdict({ last_failure: FAILURE }));
  visit(HISTORY);
  const failure = within(await screen.findByRole("region", { name: "Last failure" }));
  expect(await failure.findByText(RATE_LIMITED)).toBeVisible();
  expect(failure.getByRole("link", { name: "#2" })).toHaveAttribute("href", `${HISTORY}/run-2`);
  const typical = within(screen.getByRole("region", { name: /A typical run/ }));
  expect(typical.getByText("1m 00s")).toBeVisible();
  expect(typical.getByText("5 candidates · 8 scenarios · 40 evaluations")).toBeVisible();
  const health = within(screen.getByRole("region", { name: "Health, last 20 runs" }));
  expect(health.getByRole("link", { name: "OK" })).toBeVisible();
  expect(health.getByText("Nothing is out of line.")).toBeVisible();
});

test("too few runs are no verdict, and say how many more it takes", async () => {
  given.runs([aRun()]);
  const window = { runs: 1, since: null, until: null, needed: 4 };
  given.verdict(aVerdict({ verdict: "unknown", window }));
  visit(HISTORY);
  const health = within(await screen.findByRole("region", { name: "Health" }));
  expect(await health.findByRole("link", { name: "Not enough runs yet" })).toBeVisible();
  expect(health.getByText("4 more runs until there is a verdict.")).toBeVisible();
});

test("the answers are asked for anew when a run ends", async () => {
  const live = aRun({ number: 1, status: "running", completed_at: null });
  given.runs([live]);
  visit(HISTORY);
  await row(1);
  given.runs([aRun({ number: 1, status: "failed" })]);
  given.verdict(aVerdict({ last_failure: FAILURE }));
  const failure = within(await screen.findByRole("region", { name: "Last failure" }));
  expect(await failure.findByText(RATE_LIMITED, {}, { timeout: 4000 })).toBeVisible();
});

test("a failed row carries its reason", async () => {
  given.runs([aFailedRun(2)]);
  visit(HISTORY);
  const failed = await row(2);
  expect(failed.getByText("failed")).toBeVisible();
  expect(failed.getByText(RATE_LIMITED)).toBeVisible();
});

test("what is missing says why, and a lower bound says so", async () => {
  const bound = { total: usage({ cost_usd: 0.42, unpriced_call_count: 3 }), phases: {} };
  given.runs([
    aRun({ number: 2, llm_usage: null, ledger: "absent", candidate_count: null }),
    aRun({ number: 1, llm_usage: bound }),
  ]);
  visit(HISTORY);
  const imported = await row(2);
  expect(imported.getAllByTitle("This run was imported without its usage")).toHaveLength(2);
  expect(imported.getByTitle("This run was imported without this count")).toBeVisible();
  expect((await row(1)).getByText("≥ $0.42")).toBeVisible();
});

test("a live row tells its phase and how far it is", async () => {
  const progress = { phase: "evaluation" as const, done: 25, expected: 40 };
  given.runs([aRun({ number: 4, status: "running", completed_at: null, progress })]);
  visit(HISTORY);
  const live = await row(4);
  expect(live.getByRole("progressbar", { name: "evaluation" })).toHaveAttribute("value", "25");
  expect(live.getByText("evaluation 25 / 40")).toBeVisible();
});

test("filter and order stand in the address", async () => {
  given.runs([aRun({ number: 2 }), aFailedRun(1)]);
  const { user, address } = visit(HISTORY);
  await row(2);
  await user.selectOptions(screen.getByRole("combobox", { name: "Status:" }), "failed");
  await waitFor(() => expect(screen.queryByRole("link", { name: "#2" })).not.toBeInTheDocument());
  await user.click(
    within(screen.getByRole("table", { name: "Runs" })).getByRole("button", { name: "Cost" }),
  );
  expect(address()).toBe(`${HISTORY}?status=failed&sort=-cost_usd`);
  expect(screen.getByRole("columnheader", { name: "Cost" })).toHaveAttribute(
    "aria-sort",
    "descending",
  );
});

test("emptiness says what to do", async () => {
  given.runs([]);
  visit(HISTORY);
  expect(await screen.findByRole("heading", { name: "No runs yet" })).toBeVisible();
  expect(screen.getByRole("link", { name: "Start the first run" })).toBeVisible();
});

test("an error is no emptiness, and Retry mends it", async () => {
  given.verdict(aVerdict());
  given.trends(trendsOf());
  server.use(
    http.get("*/api/projects/:id/runs/summary", () => problem(500, "internal", "No database")),
  );
  const { user } = visit(HISTORY);
  expect(await screen.findByRole("alert")).toHaveTextContent("No database");
  given.runs([aRun({ number: 7 })]);
  await user.click(screen.getByRole("button", { name: "Retry" }));
  expect(await screen.findByRole("link", { name: "#7" })).toBeVisible();
});

test("an unknown project is told as such", async () => {
  const gone = () => problem(404, "not_found", "No project nope");
  server.use(
    http.get("*/api/projects/nope", gone),
    http.get("*/api/projects/nope/runs/:what", gone),
  );
  visit("/projects/nope/runs");
  expect(await screen.findByRole("heading", { name: "There is no such project" })).toBeVisible();
});

test("the strip walks through the last runs by key, and opens one", async () => {
  given.runs([aRun({ number: 2 }), aFailedRun(1)]);
  given.run(detailOf(aFailedRun(1)));
  given.calls([]);
  const failed = aTrendRun({ number: 1, status: "failed", duration_seconds: 71 });
  given.trends(trendsOf({ runs: [failed, aTrendRun({ number: 2 })] }));
  const { user, address } = visit(HISTORY);
  const strip = within(await screen.findByRole("region", { name: "The last runs" }));
  expect(await strip.findByText("Last 2 runs")).toBeVisible();
  expect(strip.getByRole("listbox", { name: /^2 runs/ })).not.toHaveAttribute("tabindex");
  const newest = strip.getByRole("option", { name: "#2, completed, 1m 00s" });
  const oldest = strip.getByRole("option", { name: "#1, failed, 1m 11s" });
  expect(oldest).toHaveAttribute("tabindex", "-1");
  act(() => newest.focus());
  expect(newest).toHaveAttribute("aria-selected", "true");
  await user.keyboard("{ArrowLeft}{ArrowLeft}");
  expect(oldest).toHaveFocus();
  expect(oldest).toHaveAttribute("tabindex", "0");
  expect(newest).toHaveAttribute("tabindex", "-1");
  expect(strip.getByText("1m 11s")).toBeVisible();
  await user.keyboard("{Escape}");
  expect(strip.queryByText("1m 11s")).toBeNull();
  expect(oldest).toHaveFocus();
  await user.keyboard("{Enter}");
  expect(await screen.findByRole("dialog", { name: "Run #1" })).toBeVisible();
  expect(address()).toBe(`${HISTORY}/run-1`);
});
