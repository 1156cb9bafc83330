import { screen, within } from "@testing-library/react";
import { beforeEach, expect, test } from "vitest";
import { aDay, anAnomaly, aVerdict } from "../testing/answers";
import { aFailedRun, aRun, detailOf, PROJECT } from "../testing/data";
import { given } from "../testing/server";
import { visit } from "../testing/visit";

const HISTORY = "/projects/p-1/runs";
const SLOW = anAnomaly();

beforeEach(() => {
  given.project(PROJECT);
  given.runs([aRun({ number: 3 }), aRun({ number: 2 })]);
  given.run(detailOf(aRun({ number: 2 })));
  given.calls([]);
  given.verdict(aVerdict({ verdict: "degraded", reasons: [SLOW.code], anomalies: [SLOW] }));
});

test("from the verdict to its evidence, to the run it began with, and back", async () => {
  const { user, address } = visit(`${HISTORY}?sort=cost_usd`);
  const strip = within(await screen.findByRole("region", { name: "Health, last 20 runs" }));
  expect(strip.getByText(SLOW.summary)).toBeVisible();
  await user.click(strip.getByRole("link", { name: "Degraded" }));

  const dialog = within(await screen.findByRole("dialog", { name: "Health" }));
  expect(address()).toBe(`${HISTORY}/health?sort=cost_usd`);
  const found = within(dialog.getByRole("list", { name: "Findings" }));
  expect(found.getByText("2m 08s")).toBeVisible();
  expect(found.getByText("41s")).toBeVisible();
  expect(found.getByText("17 earlier runs")).toBeVisible();
  expect(found.getByText(SLOW.next)).toBeVisible();

  await user.click(found.getAllByRole("link", { name: "#2" })[0] as HTMLElement);
  await screen.findByRole("dialog", { name: "Run #2" });
  await user.click(screen.getByRole("button", { name: "Close" }));
  expect(await screen.findByRole("dialog", { name: "Health" })).toBeVisible();
  await user.click(screen.getByRole("button", { name: "Close" }));
  expect(address()).toBe(`${HISTORY}?sort=cost_usd`);
});

test("the command can be copied", async () => {
  const { user } = visit(`${HISTORY}/health`);
  await user.click(await screen.findByRole("button", { name: "Copy" }));
  expect(await navigator.clipboard.readText()).toBe(SLOW.next);
});

test("failures read by kind and day, and by what keeps coming back", async () => {
  const failed = aFailedRun(2);
  const moment = { id: failed.id, number: 2, created_at: failed.created_at };
  given.trends({
    project_id: PROJECT.id,
    generated_at: failed.updated_at,
    runs: [],
    days: [aDay("2026-11-21", { failed: 2 }, { provider_rate_limited: 2 }), aDay("2026-11-22")],
    failures: [
      {
        fingerprint: "f",
        kind: "provider_rate_limited",
        phase: "evaluation",
        error_summary: failed.error_summary,
        count: 2,
        first_run: moment,
        last_run: { ...moment, completed_at: failed.completed_at },
      },
    ],
  });
  visit(`${HISTORY}/health`);
  const patterns = within(
    await screen.findByRole("region", { name: "Failures of the last 2 days" }),
  );
  const kinds = patterns.getByRole("list", { name: "Failures by kind and day" });
  expect(within(kinds).getByText("Provider rate limited")).toBeVisible();
  expect(within(kinds).getByRole("img", { name: "2 on 21 Nov" })).toBeVisible();
  const causes = within(patterns.getByRole("list", { name: "The most frequent" }));
  expect(causes.getByRole("link", { name: "#2" })).toHaveAttribute("href", `${HISTORY}/run-2`);
});
