import { screen, waitFor, within } from "@testing-library/react";
import { HttpResponse, http } from "msw";
import { beforeEach, expect, test } from "vitest";
import { aFailedRun, anEstimate, aRun, detailOf, HEALTH, PROJECT } from "../testing/data";
import { given, problem, server } from "../testing/server";
import { visit } from "../testing/visit";

const HISTORY = "/projects/p-1/runs";
const TOKEN = "correct horse battery staple";
let isOpen: boolean;
let asked: string[];

/** The server as it is when it asks for a token: the rest of its answers come after this one. */
function guard() {
  server.use(
    http.get("*/api/session", () => HttpResponse.json({ required: true, signed_in: isOpen })),
    http.post("*/api/session", async ({ request }) => {
      const { token } = (await request.json()) as { token: string };
      asked.push(token);
      if (token !== TOKEN) return problem(401, "unauthorized", "this is not the token");
      isOpen = true;
      return new HttpResponse(null, { status: 204 });
    }),
    http.delete("*/api/session", () => {
      isOpen = false;
      return new HttpResponse(null, { status: 204 });
    }),
    http.all("*/api/*", ({ request }) => {
      if (isOpen || request.url.endsWith("/api/health")) return undefined;
      return problem(401, "unauthorized", "this server asks for a token");
    }),
  );
}

beforeEach(() => {
  isOpen = false;
  asked = [];
  given.project(PROJECT);
  given.runs([aRun({ number: 3 }), aFailedRun(2)]);
  given.run(detailOf(aFailedRun(2)));
  given.calls([]);
});

const field = () => screen.findByLabelText("Access token");
const submit = () => screen.getByRole("button", { name: "Sign in" });

test("a deep link asks for the token and then opens as it was sent", async () => {
  guard();
  const link = `${HISTORY}/run-2?status=failed&sort=-cost_usd`;
  const { user, address } = visit(link);
  const token = await field();
  expect(screen.getByRole("heading", { name: "Sign in" })).toBeVisible();
  expect(screen.getByText("This server asks for its access token.")).toBeVisible();
  expect(token).toHaveFocus();
  expect(token).toHaveAttribute("autocomplete", "current-password");
  expect(screen.queryByRole("alert")).not.toBeInTheDocument();
  expect(screen.queryByRole("button", { name: "Sign out" })).not.toBeInTheDocument();
  expect(document.title).toBe("Sign in · Crucible");
  await user.type(token, ` ${TOKEN} {Enter}`);
  expect(await screen.findByRole("dialog", { name: "Run #2" })).toBeVisible();
  expect(address()).toBe(link);
  expect(asked).toEqual([TOKEN]);
  expect(screen.queryByLabelText("Access token")).not.toBeInTheDocument();
  expect(screen.getByRole("button", { name: "Sign out" })).toBeVisible();
  expect(JSON.stringify([{ ...localStorage }, { ...sessionStorage }])).not.toContain(TOKEN);
  expect(document.cookie).toBe("");
});

test("a wrong token is told at the field, none at all is not sent", async () => {
  guard();
  const { user } = visit(HISTORY);
  const token = await field();
  await user.click(submit());
  expect(token).toBeInvalid();
  expect(asked).toEqual([]);
  await user.type(token, "guess");
  await user.click(submit());
  expect(await screen.findByRole("status")).toHaveTextContent("This is not the token");
  expect(token).toHaveAccessibleDescription(/This is not the token/);
  await waitFor(() => expect(token).toHaveFocus());
  await user.clear(token);
  await user.type(token, TOKEN);
  await user.click(submit());
  expect(await screen.findByRole("link", { name: "#3" })).toBeVisible();
});

test("after too many tries it says how long to wait, and waits", async () => {
  guard();
  let tries = 0;
  server.use(
    http.post("*/api/session", () => {
      tries += 1;
      if (tries > 1) return undefined;
      const headers = { "Retry-After": "1", "Content-Type": "application/problem+json" };
      return HttpResponse.json({ code: "too_many", detail: "no" }, { status: 429, headers });
    }),
  );
  const { user } = visit(HISTORY);
  await user.type(await field(), `${TOKEN}{Enter}`);
  expect(await screen.findByRole("alert")).toHaveTextContent(
    "the next try is possible in 1 second",
  );
  const button = screen.getByRole("button", { name: /^Wait/ });
  expect(button).toHaveAttribute("aria-disabled", "true");
  await user.click(button);
  expect(tries).toBe(1);
  await user.click(await screen.findByRole("button", { name: "Sign in" }));
  expect(await screen.findByRole("link", { name: "#3" })).toBeVisible();
});

test("a server that is away is told, and can be asked again", async () => {
  guard();
  const { user } = visit(HISTORY);
  const token = await field();
  server.use(http.post("*/api/session", () => HttpResponse.error(), { once: true }));
  await user.type(token, `${TOKEN}{Enter}`);
  expect(await screen.findByRole("alert")).toHaveTextContent("The server did not answer.");
  await user.click(submit());
  expect(await screen.findByRole("link", { name: "#3" })).toBeVisible();
});

test("a server that no longer asks for a token opens", async () => {
  guard();
  const { user } = visit(HISTORY);
  const token = await field();
  isOpen = true;
  server.use(http.post("*/api/session", () => problem(409, "no_token_needed", "none is set")));
  await user.type(token, `${TOKEN}{Enter}`);
  expect(await screen.findByRole("link", { name: "#3" })).toBeVisible();
  expect(screen.queryByRole("button", { name: "Sign out" })).not.toBeInTheDocument();
});

test("what was typed and shown outlasts a session that runs out", async () => {
  given.health(HEALTH);
  given.estimate(anEstimate());
  isOpen = true;
  guard();
  const { user } = visit("/projects/p-1/new");
  await user.type(await screen.findByRole("textbox", { name: "Label" }), "night");
  isOpen = false;
  await user.click(screen.getByRole("button", { name: "Start" }));
  await user.type(await field(), `${TOKEN}{Enter}`);
  const label = await screen.findByRole("textbox", { name: "Label" });
  await waitFor(() => expect(label).toBeVisible());
  expect(label).toHaveValue("night");
  expect(screen.getByRole("alert")).toHaveTextContent("You were not signed in");
  expect(screen.getByRole("heading", { name: PROJECT.title })).toBeVisible();
});

test("a session that ran out over a live run goes on with what is so now", async () => {
  isOpen = true;
  given.runs([aRun({ number: 4, status: "running", completed_at: null })]);
  guard();
  const { user } = visit(HISTORY);
  await screen.findByRole("link", { name: "#4" });
  isOpen = false;
  const token = await field();
  expect(screen.queryByRole("link", { name: "#4" })).not.toBeInTheDocument();
  given.runs([aRun({ number: 4 })]);
  guard();
  await user.type(token, `${TOKEN}{Enter}`);
  const row = within(await screen.findByRole("row", { name: /^#4/ }));
  expect(await row.findByText("completed")).toBeVisible();
});

test("signing out leaves nothing on screen, and the way back in", async () => {
  guard();
  const { user, address } = visit(HISTORY);
  await user.type(await field(), `${TOKEN}{Enter}`);
  await screen.findByRole("link", { name: "#3" });
  await user.click(screen.getByRole("button", { name: "Sign out" }));
  const token = await field();
  expect(document.body).not.toHaveTextContent("#3");
  expect(document.body).not.toHaveTextContent(PROJECT.title);
  expect(localStorage.length).toBe(0);
  await user.type(token, `${TOKEN}{Enter}`);
  expect(await screen.findByRole("link", { name: "#3" })).toBeVisible();
  expect(address()).toBe(HISTORY);
});

test("where no token is asked for there is nothing to sign out of, and nothing is asked", async () => {
  const paths: string[] = [];
  server.events.on("request:start", ({ request }) => {
    paths.push(new URL(request.url).pathname);
  });
  visit(HISTORY);
  await screen.findByRole("link", { name: "#3" });
  expect(screen.queryByRole("button", { name: "Sign out" })).not.toBeInTheDocument();
  expect(paths).not.toContain("/api/session");
  server.events.removeAllListeners();
});
