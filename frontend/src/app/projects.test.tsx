import { screen } from "@testing-library/react";
import { expect, test } from "vitest";
import { PROJECT } from "../testing/data";
import { given } from "../testing/server";
import { visit } from "../testing/visit";

test("a project shows how its last runs went, to ears as well", async () => {
  const last_run = {
    id: "run-3",
    number: 3,
    status: "failed" as const,
    created_at: "2026-11-22T08:00:00.000Z",
  };
  const recent = [
    { number: 1, status: "completed" as const },
    { number: 2, status: "completed" as const },
    { number: 3, status: "failed" as const },
  ];
  given.projects([
    { ...PROJECT, last_run, recent },
    { ...PROJECT, id: "p-2", title: "Untouched" },
  ]);
  visit("/");
  const strip = await screen.findByRole("img", { name: "The last 3 runs: 2 completed, 1 failed" });
  expect(strip.children).toHaveLength(3);
  expect(screen.getByText(/^No runs yet/)).toBeVisible();
});
