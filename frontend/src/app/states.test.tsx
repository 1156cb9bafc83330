import { cleanup, screen, waitFor } from "@testing-library/react";
import { HttpResponse, http } from "msw";
import { beforeEach, expect, test } from "vitest";
import { aFailedRun, aRun, detailOf, PROJECT } from "../testing/data";
import { given, problem, server } from "../testing/server";
import { visit } from "../testing/visit";

const HISTORY = "/projects/p-1/runs";

beforeEach(() => given.project(PROJECT));

test("the tab is named by what is on screen", async () => {
  given.runs([aFailedRun(2)]);
  given.run(detailOf(aFailedRun(2)));
  given.calls([]);
  const { user } = visit(HISTORY);
  const link = await screen.findByRole("link", { name: "#2" });
  await waitFor(() => expect(document.title).toBe(`${PROJECT.title} · Crucible`));
  await user.click(link);
  await waitFor(() => expect(document.title).toBe(`#2 failed · ${PROJECT.title} · Crucible`));
  await user.click(screen.getByRole("button", { name: "Close" }));
  await waitFor(() => expect(document.title).toBe(`${PROJECT.title} · Crucible`));
});

test("a project has a heading with words before its title is there", async () => {
  given.runs([]);
  server.use(http.get("*/api/projects/p-1", () => new Promise(() => {})));
  visit(HISTORY);
  expect(await screen.findByRole("heading", { level: 1, name: "Project" })).toBeVisible();
});

test("the end of a run is announced, its presence is not", async () => {
  given.runs([aRun({ number: 4, status: "running", completed_at: null })]);
  visit(HISTORY);
  await screen.findByRole("link", { name: "#4" });
  const told = () => screen.getAllByRole("status").map((one) => one.textContent);
  expect(told()).not.toContainEqual(expect.stringContaining("Run 4"));
  given.runs([aRun({ number: 4 })]);
  await waitFor(() => expect(told()).toContain("Run 4 is completed."), { timeout: 4000 });
});

test("a run that is opened under another project's address goes to its own", async () => {
  given.runs([]);
  given.project({ ...PROJECT, id: "p-2" });
  given.run(detailOf(aRun({ number: 1 })));
  given.calls([]);
  const { address } = visit("/projects/p-2/runs/run-1?status=failed");
  expect(await screen.findByRole("dialog", { name: "Run #1" })).toBeVisible();
  expect(address()).toBe(`${HISTORY}/run-1?status=failed`);
});

test("a run is found by its id alone, and told when there is none", async () => {
  given.runs([aRun({ number: 1 })]);
  given.run(detailOf(aRun({ number: 1 })));
  given.calls([]);
  const { address } = visit("/runs/run-1");
  expect(await screen.findByRole("dialog", { name: "Run #1" })).toBeVisible();
  expect(address()).toBe(`${HISTORY}/run-1`);
  cleanup();
  server.use(http.get("*/api/runs/none", () => problem(404, "not_found", "no such run")));
  visit("/runs/none");
  expect(await screen.findByRole("heading", { name: "There is no such run" })).toBeVisible();
});

test("a run that is deleted while it is shown is told as gone", async () => {
  const live = aRun({ number: 1, status: "running", completed_at: null });
  given.runs([live]);
  given.run(detailOf(live));
  given.calls([]);
  visit(`${HISTORY}/run-1`);
  await screen.findByRole("dialog", { name: "Run #1" });
  server.use(http.get("*/api/runs/run-1", () => problem(404, "not_found", "no such run")));
  const gone = { name: "There is no such run" };
  expect(await screen.findByRole("heading", gone, { timeout: 4000 })).toBeVisible();
});

test("an address that cannot be answered offers the way out", async () => {
  given.runs([aRun({ number: 1 })]);
  server.use(
    http.get("*/api/projects/:id/runs/summary", ({ request }) => {
      if (!new URL(request.url).searchParams.has("cursor")) return undefined;
      return problem(422, "invalid", "cursor: takes a cursor", { cursor: ["takes a cursor"] });
    }),
  );
  const { user, address } = visit(`${HISTORY}?cursor=bad&sort=cost_usd`);
  expect(await screen.findByRole("alert")).toHaveTextContent("cursor: takes a cursor");
  await user.click(screen.getByRole("button", { name: "Show all runs" }));
  expect(await screen.findByRole("link", { name: "#1" })).toBeVisible();
  expect(address()).toBe(`${HISTORY}?sort=cost_usd`);
});

test("what the server left open is asked again as soon as it is back", async () => {
  let isUp = false;
  given.runs([aRun({ number: 1 })]);
  server.use(
    http.get("*/api/health", () => (isUp ? HttpResponse.json({}) : HttpResponse.error())),
    http.get("*/api/projects/:id/runs/summary", () => (isUp ? undefined : HttpResponse.error())),
  );
  visit(HISTORY);
  expect(await screen.findByRole("alert")).toHaveTextContent("The server did not answer");
  isUp = true;
  expect(await screen.findByRole("link", { name: "#1" })).toBeVisible();
  expect(screen.queryByRole("alert")).not.toBeInTheDocument();
});

test("nothing is asked while nothing is live", async () => {
  let asked = 0;
  given.runs([aRun({ number: 1 })]);
  server.events.on("request:start", () => {
    asked += 1;
  });
  visit(HISTORY);
  await screen.findByRole("link", { name: "#1" });
  await waitFor(() => expect(asked).toBe(4));
  await new Promise((done) => setTimeout(done, 2500));
  expect(asked).toBe(4);
  server.events.removeAllListeners();
});
