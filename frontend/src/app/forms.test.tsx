import { screen, within } from "@testing-library/react";
import { HttpResponse, http } from "msw";
import { beforeEach, expect, test } from "vitest";
import { anEstimate, aRun, detailOf, HEALTH, PROJECT } from "../testing/data";
import { given, problem, server } from "../testing/server";
import { visit } from "../testing/visit";

beforeEach(() => {
  given.project(PROJECT);
  given.estimate(anEstimate());
});

test("a refusal stands at its field; what is accepted lands on the live run", async () => {
  given.health(HEALTH);
  server.use(
    http.post("*/api/projects/p-1/runs", () =>
      problem(422, "invalid", "Not valid", { num_candidates: ["1 to 50."] }),
    ),
  );
  const { user, address } = visit("/projects/p-1/new");
  await user.click(await screen.findByRole("button", { name: "Start" }));
  const field = screen.getByRole("textbox", { name: "Candidates" });
  expect(await screen.findByText("1 to 50.")).toBeVisible();
  expect(field).toBeInvalid();
  expect(field).toHaveAccessibleDescription(/1 to 50\./);

  const started = aRun({ number: 9, status: "created", progress: null });
  let asked: unknown;
  given.runs([started]);
  given.run(detailOf(started));
  given.calls([]);
  server.use(
    http.post("*/api/projects/p-1/runs", async ({ request }) => {
      asked = await request.json();
      return HttpResponse.json(started, { status: 202 });
    }),
  );
  await user.clear(field);
  await user.type(field, "3");
  await user.click(screen.getByRole("button", { name: "Start" }));
  expect(await screen.findByRole("dialog", { name: "Run #9" })).toBeVisible();
  expect(asked).toEqual({ mode: "full_search", num_candidates: 3, num_scenarios: 8 });
  expect(address()).toBe("/projects/p-1/runs/run-9");
});

test("a limit of its own keeps the project's others; a refused one is told at its field", async () => {
  const none = { max_total_tokens: null, max_duration_seconds: null };
  given.project({ ...PROJECT, default_budget: { ...none, max_cost_usd: 5, max_llm_calls: 100 } });
  given.health(HEALTH);
  let asked: unknown;
  server.use(
    http.post("*/api/projects/p-1/runs", async ({ request }) => {
      asked = await request.json();
      return problem(422, "invalid", "Not valid", { "budget.max_cost_usd": ["no price"] });
    }),
  );
  const { user } = visit("/projects/p-1/new");
  const calls = await screen.findByPlaceholderText("100");
  await user.type(calls, "ten");
  await user.click(screen.getByRole("button", { name: "Start" }));
  expect(calls).toBeInvalid();
  expect(asked).toBeUndefined();
  await user.clear(calls);
  await user.type(calls, "10");
  await user.click(screen.getByRole("button", { name: "Start" }));
  expect(await screen.findByText("No price")).toBeVisible();
  expect(screen.getByRole("textbox", { name: "Dollars" })).toBeInvalid();
  expect(calls).toBeValid();
  expect(asked).toMatchObject({ budget: { ...none, max_cost_usd: 5, max_llm_calls: 10 } });
});

test("a model that is not ready is told, with the reason", async () => {
  given.health({ ...HEALTH, llm: { ...HEALTH.llm, ready: false, note: "No API key is set." } });
  visit("/projects/p-1/new");
  expect(await screen.findByRole("heading", { name: "The model is not ready" })).toBeVisible();
  expect(screen.getByText(/No API key is set\./)).toBeVisible();
});

test("the embedded model says what it is and how to point elsewhere", async () => {
  given.health({ ...HEALTH, llm: { ...HEALTH.llm, kind: "local", model: "qwen" } });
  visit("/projects/p-1/new");
  expect(await screen.findByText(/quality of a small model/)).toHaveTextContent(
    "CRUCIBLE_LLM_BASE_URL",
  );
});

test("the problem is saved whole, and a wrong weight is told in its row", async () => {
  let saved: unknown;
  server.use(
    http.put("*/api/projects/p-1", async ({ request }) => {
      saved = await request.json();
      return problem(422, "invalid", "Not valid", { "constraints[0].weight": ["0 to 100."] });
    }),
  );
  const { user } = visit("/projects/p-1/problem");
  const weight = await screen.findByRole("textbox", { name: "Weight (hard)" });
  await user.clear(weight);
  await user.type(weight, "101");
  await user.click(screen.getByText("Default limits of a run"));
  await user.type(screen.getByRole("textbox", { name: "Minutes" }), "1.5");
  await user.click(screen.getByRole("button", { name: "Save" }));
  expect(await screen.findByText("0 to 100.")).toBeVisible();
  expect(weight).toBeInvalid();
  expect(saved).toEqual({
    title: "Checkout p99",
    description: "Reduce the latency of checkout",
    goals: ["p99 below 800 ms"],
    constraints: [{ name: "No data loss", description: "Orders survive", weight: 101 }],
    world_model: "Three regions",
    default_budget: {
      max_cost_usd: null,
      max_total_tokens: null,
      max_llm_calls: null,
      max_duration_seconds: 90,
    },
  });
});

test("the estimate follows the form, keeps its last answer, and says why there is none", async () => {
  given.health(HEALTH);
  const bodies: unknown[] = [];
  server.use(
    http.post("*/api/projects/p-1/runs/estimate", async ({ request }) => {
      const body = (await request.json()) as { num_candidates: number; model?: string };
      bodies.push(body);
      if (body.model) return problem(422, "invalid", "No", { model: ["takes a name"] });
      const calls = body.num_candidates * 8 + 2;
      return HttpResponse.json(anEstimate({ calls, warnings: ["It would reach its limit."] }));
    }),
  );
  const { user } = visit("/projects/p-1/new");
  const box = within(await screen.findByRole("region", { name: "Estimate" }));
  expect(await box.findByText("$0.09–$0.20 · 35s–58s")).toBeVisible();
  expect(box.getByText("40 evaluations + 2, about 60.0k tokens")).toBeVisible();
  expect(box.getByText("From the last 12 runs with gpt-5-mini")).toBeVisible();
  expect(box.getByText("It would reach its limit.")).toBeVisible();

  const field = screen.getByRole("textbox", { name: "Candidates" });
  await user.clear(field);
  expect(
    await box.findByText("None yet: candidates takes a whole number from 1 to 50."),
  ).toBeVisible();
  await user.type(field, "12");
  expect(await box.findByText("96 evaluations + 2, about 60.0k tokens")).toBeVisible();
  // Neither a letter in between nor a label was worth a question.
  await user.type(screen.getByRole("textbox", { name: "Label" }), "night");
  expect(bodies).toHaveLength(2);
  await user.type(screen.getByRole("textbox", { name: "Model" }), "x");
  expect(await box.findByText("None yet: model takes a name.")).toBeVisible();
});

test("what must be named is asked for in plain words, in place of the hint", async () => {
  given.health(HEALTH);
  const { user } = visit("/projects/p-1/new");
  await user.click(await screen.findByRole("radio", { name: /^Seeded/ }));
  const box = within(screen.getByRole("region", { name: "Estimate" }));
  expect(await box.findByText("Name a candidate to see the estimate.")).toBeVisible();
  await user.click(screen.getByRole("button", { name: "Start" }));
  const title = screen.getByRole("textbox", { name: "Candidate 1" });
  expect(title).toHaveAccessibleDescription("Give it a title");
  const count = screen.getByRole("textbox", { name: "Scenarios" });
  expect(count).toHaveAccessibleDescription("1 to 50");
  await user.clear(count);
  await user.type(title, "Cache prices");
  await user.click(screen.getByRole("button", { name: "Start" }));
  expect(count).toHaveAccessibleDescription("Takes a whole number from 1 to 50");
  expect(screen.queryByText("1 to 50")).not.toBeInTheDocument();
});

test("a problem without a title is asked for one before it is sent", async () => {
  const { user } = visit("/projects/p-1/problem");
  const title = await screen.findByRole("textbox", { name: "Title" });
  await user.clear(title);
  await user.click(screen.getByRole("button", { name: "Save" }));
  expect(title).toHaveAccessibleDescription("Give it a title");
});
