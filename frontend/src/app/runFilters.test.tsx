import { screen, waitFor, within } from "@testing-library/react";
import { HttpResponse, http } from "msw";
import { beforeEach, expect, test } from "vitest";
import { aRun, PROJECT, page } from "../testing/data";
import { given, server } from "../testing/server";
import { visit } from "../testing/visit";

const HISTORY = "/projects/p-1/runs";

beforeEach(() => given.project(PROJECT));

/** The queries with which the list was asked for. */
function askedRuns(): URLSearchParams[] {
  const asked: URLSearchParams[] = [];
  const answer = ({ request }: { request: Request }) => {
    asked.push(new URL(request.url).searchParams);
    return HttpResponse.json(page([aRun({ number: 2 }), aRun({ number: 1 })]));
  };
  given.runs([]);
  server.use(http.get("*/api/projects/:id/runs/summary", answer));
  return asked;
}

test("text and mode are asked of the server and stand in the address", async () => {
  const asked = askedRuns();
  const { user, address } = visit(HISTORY);
  await screen.findByRole("link", { name: "#2" });
  await user.keyboard("/");
  const search = screen.getByRole("searchbox", { name: "Search label and reason" });
  expect(search).toHaveFocus();
  await user.keyboard("rate limited");
  await waitFor(() => expect(address()).toBe(`${HISTORY}?q=rate+limited`));
  await user.selectOptions(screen.getByRole("combobox", { name: "Mode:" }), "seeded");
  await waitFor(() => expect(asked.at(-1)?.get("mode")).toBe("seeded"));
  expect(asked.at(-1)?.get("q")).toBe("rate limited");
  await user.click(screen.getByRole("button", { name: "Clear" }));
  expect(address()).toBe(HISTORY);
  expect(search).toHaveValue("");
});

test("an address with a search reopens it", async () => {
  const asked = askedRuns();
  visit(`${HISTORY}?q=nightly&mode=eval_only&mode=nonsense`);
  await screen.findByRole("link", { name: "#2" });
  expect(screen.getByRole("searchbox")).toHaveValue("nightly");
  expect(screen.getByRole("combobox", { name: "Mode:" })).toHaveValue("eval_only");
  expect(asked[0]?.get("q")).toBe("nightly");
});

test("arrows walk from row to row", async () => {
  askedRuns();
  const { user } = visit(HISTORY);
  const first = await screen.findByRole("link", { name: "#2" });
  first.focus();
  await user.keyboard("{ArrowDown}");
  expect(screen.getByRole("link", { name: "#1" })).toHaveFocus();
  await user.keyboard("{ArrowDown}");
  expect(screen.getByRole("link", { name: "#1" })).toHaveFocus();
  await user.keyboard("{Home}");
  expect(first).toHaveFocus();
});

test("a question mark lists the shortcuts, unless it is typed", async () => {
  askedRuns();
  const { user } = visit(HISTORY);
  await screen.findByRole("link", { name: "#2" });
  await user.keyboard("/why?");
  expect(screen.queryByRole("dialog")).not.toBeInTheDocument();
  await user.click(screen.getByRole("button", { name: "Keyboard shortcuts" }));
  const help = await screen.findByRole("dialog", { name: "Keyboard shortcuts" });
  expect(within(help).getByText("Search")).toBeVisible();
});

test("what the bars show stands in the address", async () => {
  askedRuns();
  const { user, address } = visit(HISTORY);
  await user.click(await screen.findByRole("button", { name: "Cost", pressed: false }));
  expect(address()).toBe(`${HISTORY}?bars=cost_usd`);
});
