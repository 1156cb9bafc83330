import { screen, waitFor, within } from "@testing-library/react";
import { beforeEach, expect, test } from "vitest";
import {
  aCall,
  aFailedRun,
  anEstimate,
  aRun,
  detailOf,
  PROJECT,
  RATE_LIMITED,
  usage,
} from "../testing/data";
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

test("a live run begins with how far it has come, what it took and what it spent", async () => {
  const progress = { phase: "evaluation" as const, done: 20, expected: 160 };
  const live = aRun({ number: 3, status: "running", duration_seconds: 65.4, progress });
  given.run(detailOf({ ...live, completed_at: null }));
  const { user } = visit(`${HISTORY}/run-3`);
  const box = within(await screen.findByRole("region", { name: "Progress" }));
  expect(box.getByRole("heading", { name: "Evaluation 20 / 160" })).toBeVisible();
  const bar = box.getByRole("progressbar", { name: "Evaluation" });
  expect(bar).toHaveAttribute("value", "20");
  expect(bar).toHaveAttribute("max", "160");
  expect(box.getByText("$0.11")).toBeVisible();
  const elapsed = box.getByText(/^1m \d\ds$/);
  const before = elapsed.textContent;
  await waitFor(() => expect(elapsed).not.toHaveTextContent(before));

  await screen.findAllByRole("link", { name: "#2" });
  await user.keyboard("j");
  await screen.findByRole("dialog", { name: "Run #2" });
  expect(screen.queryByRole("region", { name: "Progress" })).not.toBeInTheDocument();
});

test("a run that waits has neither counts nor a clock yet", async () => {
  const none = { progress: null, llm_usage: null, duration_seconds: null, started_at: null };
  given.run(detailOf(aRun({ number: 3, status: "created", completed_at: null, ...none })));
  visit(`${HISTORY}/run-3`);
  const box = within(await screen.findByRole("region", { name: "Progress" }));
  expect(box.getByRole("heading", { name: "Waiting to begin" })).toBeVisible();
  expect(box.getByRole("progressbar")).not.toHaveAttribute("value");
  expect(box.getByText("It has not begun")).toBeInTheDocument();
  expect(box.getByText("No call has been made yet")).toBeInTheDocument();
});

test("a run that was resumed says that its bars span the pause", async () => {
  given.run(detailOf(aRun({ number: 3, attempt: 2 })));
  visit(`${HISTORY}/run-3`);
  const phases = within(await screen.findByRole("region", { name: "Phases" }));
  expect(phases.getByText("2 attempts: the bars span the pauses between")).toBeVisible();
});

test("a phase that stopped before waits without alarm when the run goes on", async () => {
  const run = { ...aFailedRun(3), status: "running" as const, attempt: 2, error: null };
  given.run(detailOf(run));
  visit(`${HISTORY}/run-3`);
  const phases = within(await screen.findByRole("region", { name: "Phases" }));
  expect(phases.getByText("waiting").closest("tr")).toHaveClass("waiting");
  expect(phases.queryByText("✕")).not.toBeInTheDocument();
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

test("what it took stands against what was foretold, and what it made against its price", async () => {
  const run = detailOf(aRun({ number: 3, duration_seconds: 60 }));
  given.run({
    ...run,
    estimate: anEstimate(),
    spend: { ...run.spend, wasted_cost_usd: 0.0225, wasted_share: 0.2 },
  });
  visit(`${HISTORY}/run-3`);
  const check = within(await screen.findByRole("region", { name: "Estimate and actual" }));
  expect(check.getByText("estimated 35s–58s")).toBeVisible();
  expect(check.getAllByText("above the estimate")).toHaveLength(1);
  expect(check.getByText("From the last 12 runs with gpt-5-mini.")).toBeVisible();
  const made = within(screen.getByRole("region", { name: /^Produced/ }));
  expect(made.getByText("$0.0028")).toBeVisible();
  expect(made.getByText("20% of the cost")).toBeVisible();
});

test("what came short is said beside what was made, other notes last", async () => {
  const run = aRun({ number: 3 });
  const short = "8 of 40 scenarios came; the ranking is from these.";
  run.metrics.notes = [short, "One answer was repaired."];
  given.run(detailOf(run));
  visit(`${HISTORY}/run-3`);
  const made = within(await screen.findByRole("region", { name: /^Produced/ }));
  expect(made.getByText(short)).toBeVisible();
  const notes = within(screen.getByRole("list", { name: "Notes" })).getAllByRole("listitem");
  expect(notes.map((note) => note.textContent)).toEqual(["One answer was repaired."]);
});

test("a run that stopped short offers to go on first; one that came from elsewhere cannot", async () => {
  given.run(detailOf({ ...aFailedRun(2), ledger: "complete" }));
  visit(`${HISTORY}/run-2`);
  const dialog = within(await screen.findByRole("dialog", { name: "Run #2" }));
  expect(dialog.getByRole("button", { name: "Resume" })).toHaveClass("primary");
  expect(dialog.getByRole("link", { name: "Open results" })).not.toHaveClass("primary");
});

test("an imported run says why it can neither go on nor show results", async () => {
  given.run(detailOf({ ...aFailedRun(2), ledger: "absent" }));
  visit(`${HISTORY}/run-2`);
  const dialog = within(await screen.findByRole("dialog", { name: "Run #2" }));
  expect(dialog.queryByRole("button", { name: "Resume" })).not.toBeInTheDocument();
  expect(dialog.getByText(/cannot be resumed here/)).toBeVisible();
  expect(dialog.queryByText(/start the run again/)).not.toBeInTheDocument();
  const results = dialog.getByRole("button", { name: "Open results" });
  expect(results).toHaveAttribute("aria-disabled", "true");
  expect(results).toHaveAccessibleDescription("This run was imported with its totals alone");
});

test("what is free is said in a line, and a lower bound of nothing says what it leaves out", async () => {
  const free = usage({ cost_usd: 0, providers: { local: 42 } });
  const run = aRun({ number: 3, llm_usage: { total: free, phases: { design: free } } });
  given.run(detailOf(run));
  const { user } = visit(`${HISTORY}/run-3`);
  const shares = within(await screen.findByRole("region", { name: "Usage by phase" }));
  expect(shares.getByText("$0 in every phase: the embedded model is free")).toBeVisible();

  const gap = usage({ cost_usd: 0, unpriced_call_count: 37 });
  const failed = { ...aFailedRun(2), llm_usage: { total: gap, phases: { design: gap } } };
  given.run(detailOf(failed));
  await user.keyboard("j");
  const next = within(await screen.findByRole("dialog", { name: "Run #2" }));
  expect(next.getByText("≥ $0: 37 calls have no known price")).toBeVisible();
  expect(next.getByText("≥ $0, 37 unpriced")).toBeVisible();
});

test("previous, next and close stand last, whatever else a run offers", async () => {
  const { user } = visit(`${HISTORY}/run-3`);
  const lastThree = async (run: string) => {
    const close = within(await screen.findByRole("dialog", { name: run })).getByTitle(/^Close/);
    const buttons = within(close.closest("header") as HTMLElement).getAllByRole("button");
    return buttons.slice(-3).map((one) => one.getAttribute("aria-label"));
  };
  const names = ["Previous run in the list", "Next run in the list", "Close"];
  expect(await lastThree("Run #3")).toEqual(names);
  await screen.findAllByRole("link", { name: "#2" });
  await user.keyboard("j");
  expect(await lastThree("Run #2")).toEqual(names);
});

test("copying is told in the room that its own words have", async () => {
  const { user } = visit(`${HISTORY}/run-3`);
  const copy = await screen.findByRole("button", { name: "Copy as JSON" });
  await user.click(copy);
  expect(copy).toHaveAccessibleName("Copied");
  expect(copy.querySelectorAll(".room")[0]).toHaveTextContent("Copy as JSON");
  expect(await navigator.clipboard.readText()).toContain('"number": 3');
});

test("the head leaves out what is not known, and keeps the moment at hand", async () => {
  const run = aRun({ number: 3, duration_seconds: null, llm_usage: null });
  given.run(detailOf(run));
  visit(`${HISTORY}/run-3`);
  const dialog = within(await screen.findByRole("dialog", { name: "Run #3" }));
  const head = dialog.getByTitle(/^Close/).closest("header") as HTMLElement;
  expect(head).not.toHaveTextContent("—");
  const when = head.querySelector("time") as HTMLElement;
  expect(when).toHaveAttribute("datetime", run.created_at);
  expect(when.title).toMatch(/^22 Nov 2026, \d\d:\d\d:00 \S+$/);
  expect(head).not.toHaveTextContent(when.title);
});
