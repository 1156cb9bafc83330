import { expect, test } from "vitest";
import { aRun } from "../../testing/data";
import { hasNews } from "./useFreshAnswers";

const seen = new Map([
  ["run-2", "completed"],
  ["run-3", "running"],
] as const);

test("a run that ends is news, and one that began since", () => {
  expect(hasNews(seen, [aRun({ number: 3, status: "completed" })])).toBe(true);
  expect(hasNews(seen, [aRun({ number: 4, status: "created" })])).toBe(true);
});

test("an older page is no news, nor is the first answer", () => {
  expect(hasNews(seen, [aRun({ number: 3, status: "running" }), aRun({ number: 1 })])).toBe(false);
  expect(hasNews(new Map(), [aRun({ number: 1 })])).toBe(false);
});
