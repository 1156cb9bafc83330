import { expect, test } from "vitest";
import { placed } from "./bars";

const part = (name: string, delta: number) => ({ name, base: null, head: null, delta });

test("more goes to the right of the middle, less to the left, on one scale", () => {
  expect(placed([part("a", 8), part("b", -4), part("c", 0)])).toMatchObject([
    { left: 0.5, width: 0.5 },
    { left: 0.25, width: 0.25 },
    { left: 0.5, width: 0 },
  ]);
});

test("without a difference there is no bar", () => {
  expect(placed([part("a", 0)])).toMatchObject([{ width: 0 }]);
});
