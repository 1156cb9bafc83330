import { expect, test } from "vitest";
import { aDay } from "../../../testing/answers";

import { failuresByKind, NO_KIND } from "./failures";

test("kinds have a figure a day, the most frequent first, and none is lost", () => {
  const days = [
    aDay("2026-11-21", { failed: 1 }, { internal: 1 }),
    aDay("2026-11-22"),
    aDay("2026-11-23", { failed: 4, completed: 2 }, { provider_error: 3 }),
  ];
  expect(failuresByKind(days)).toEqual([
    { kind: "provider_error", counts: [0, 0, 3], total: 3 },
    { kind: "internal", counts: [1, 0, 0], total: 1 },
    { kind: NO_KIND, counts: [0, 0, 1], total: 1 },
  ]);
});
