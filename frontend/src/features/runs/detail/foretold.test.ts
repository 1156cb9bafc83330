import { expect, test } from "vitest";
import { anEstimate, aRun, detailOf, usage } from "../../../testing/data";
import { foretold } from "./foretold";

const estimate = anEstimate();
const brief = (part: Parameters<typeof aRun>[0], of = estimate) =>
  foretold({ ...detailOf(aRun(part)), estimate: of }).map(({ name, actual, isOver, isBound }) => ({
    name,
    actual,
    isOver,
    isBound,
  }));

test("what took more than nine in ten were to take is marked", () => {
  expect(brief({ duration_seconds: 60 })).toEqual([
    { name: "time", actual: 60, isOver: true, isBound: false },
    { name: "tokens", actual: 70_800, isOver: false, isBound: false },
    { name: "cost", actual: 0.1123, isOver: false, isBound: false },
  ]);
});

test("a lower bound says that it is one, and what nobody foretold is left out", () => {
  const llm_usage = { total: usage({ unpriced_call_count: 3 }), phases: {} };
  const part = anEstimate({ duration_seconds: null, tokens: { p50: null, p90: null } });
  expect(brief({ llm_usage }, part)).toEqual([
    { name: "cost", actual: 0.1123, isOver: false, isBound: true },
  ]);
});
