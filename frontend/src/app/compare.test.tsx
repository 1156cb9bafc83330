import { screen, within } from "@testing-library/react";
import { HttpResponse, http } from "msw";
import { beforeEach, expect, test } from "vitest";
import { aComparison } from "../testing/answers";
import { aRun, detailOf, PROJECT } from "../testing/data";
import { given, problem, server } from "../testing/server";
import { visit } from "../testing/visit";

const RUN = "/projects/p-1/runs/run-3";
const [THIS, BEFORE, FIRST] = [3, 2, 1].map((number) => aRun({ number }));

beforeEach(() => {
  given.project(PROJECT);
  given.runs([THIS, BEFORE, FIRST].filter((run) => run !== undefined));
  given.run(detailOf(aRun({ number: 3 })));
  given.calls([]);
  server.use(
    http.get("*/api/runs/:base/compare/:head", ({ params }) => {
      const number = (id: unknown) => Number(String(id).replace("run-", ""));
      return HttpResponse.json(aComparison(number(params.base), number(params.head)));
    }),
  );
});

test("from a run to what differs from the one before it", async () => {
  const { user, address } = visit(RUN);
  await user.click(await screen.findByRole("link", { name: "Compare with…" }));
  expect(await screen.findByRole("heading", { name: "#3 against #2" })).toBeVisible();
  expect(address()).toBe(`${RUN}/compare/run-2`);

  const time = within(screen.getByRole("table", { name: "Time by phase" }));
  expect(time.getByRole("row", { name: /^Evaluation/ })).toHaveTextContent("31s1m 59s+1m 28s");
  const cost = within(screen.getByRole("table", { name: "Why the cost differs" }));
  expect(cost.getByRole("row", { name: /^Price of a token/ })).toHaveTextContent("−$0.005");
  expect(screen.getByText("Head #3 failed.")).toBeVisible();

  await screen.findByRole("option", { name: "#1 · completed · 1m 00s" });
  await user.selectOptions(screen.getByRole("combobox", { name: "Against:" }), "run-1");
  expect(await screen.findByRole("heading", { name: "#3 against #1" })).toBeVisible();
  await user.click(screen.getByRole("link", { name: "Swap" }));
  expect(await screen.findByRole("heading", { name: "#1 against #3" })).toBeVisible();
});

test("what cannot be told apart says so", async () => {
  server.use(
    http.get("*/api/runs/run-2/compare/run-3", () => {
      const found = aComparison(2, 3);
      found.cost_usd = { ...found.cost_usd, base: null, delta: null, causes: null };
      return HttpResponse.json(found);
    }),
  );
  visit(`${RUN}/compare/run-2`);
  expect(
    await screen.findByText("The causes cannot be told: the cost of #2 is not known."),
  ).toBeVisible();
  expect(screen.getByText("unknown → $0.11")).toBeVisible();
});

test("a lower bound saves nothing: no difference stands there", async () => {
  server.use(
    http.get("*/api/runs/run-2/compare/run-3", () => {
      const found = aComparison(2, 3);
      found.cost_usd = {
        ...found.cost_usd,
        head: 0.02,
        delta: -0.095,
        head_unpriced_call_count: 4,
      };
      return HttpResponse.json(found);
    }),
  );
  visit(`${RUN}/compare/run-2`);
  const why = "#3 has calls without a known price, so the difference is not known";
  expect(await screen.findByText(`${why}.`)).toBeVisible();
  const cost = screen.getByText("cost").parentElement;
  expect(cost).toHaveTextContent(`—${why}$0.12 → ≥ $0.02`);
  expect(screen.queryByRole("table", { name: "Why the cost differs" })).not.toBeInTheDocument();
});

test("tokens are counted in full, and in short for where they would not fit", async () => {
  server.use(
    http.get("*/api/runs/run-2/compare/run-3", () => {
      const found = aComparison(2, 3);
      found.counts.total_tokens = { base: 1_234_567, head: 1_300_000, delta: 65_433 };
      return HttpResponse.json(found);
    }),
  );
  visit(`${RUN}/compare/run-2`);
  const counts = within(await screen.findByRole("table", { name: "Counts" }));
  const row = within(counts.getByRole("row", { name: /^Tokens 1/ }));
  expect(row.getByText("1,234,567")).toBeInTheDocument();
  expect(row.getByText("1.23M")).toHaveAttribute("title", "1,234,567");
  expect(row.getByText("+65.4k")).toHaveAttribute("title", "+65,433");
  expect(counts.getByRole("row", { name: /^Evaluations/ })).toHaveTextContent("4040same");
});

test("an unknown run is told as such", async () => {
  server.use(
    http.get("*/api/runs/:base/compare/:head", () => problem(404, "not_found", "no run nope")),
  );
  visit(`${RUN}/compare/nope`);
  expect(await screen.findByRole("heading", { name: "There is no such run" })).toBeVisible();
});

test("a first run has none before it", async () => {
  given.runs([aRun({ number: 3 })]);
  visit(`${RUN}/compare`);
  expect(
    await screen.findByRole("heading", { name: "#3 has no earlier run to compare with" }),
  ).toBeVisible();
});
