import { expect, test } from "vitest";
import { isShortfall } from "./shortfall";

test("a note of a shortfall begins with what came", () => {
  expect(isShortfall("8 of 40 scenarios came; the ranking is from these.")).toBe(true);
  expect(isShortfall("Some scenarios came; the ranking is from these.")).toBe(false);
  expect(isShortfall("2 answers were cut short.")).toBe(false);
});
