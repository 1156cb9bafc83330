import type { Rolldown } from "vite";
import { expect, test } from "vitest";
import { excess, weigh } from "../../weight.ts";

function bundleOf(...outputs: object[]): Rolldown.OutputBundle {
  const named = outputs as (Rolldown.OutputChunk | Rolldown.OutputAsset)[];
  return Object.fromEntries(named.map((output) => [output.fileName, output]));
}

/** Text that no compression makes much smaller. */
function noise(length: number): string {
  let seed = 1;
  return Array.from({ length }, () => {
    seed = (seed * 48271) % 2147483647;
    return String.fromCharCode(33 + (seed % 90));
  }).join("");
}

const chunk = (fileName: string, code: string, imports: string[] = [], css: string[] = []) => ({
  type: "chunk",
  isEntry: fileName === "index.js",
  fileName,
  code,
  imports,
  viteMetadata: { importedCss: new Set(css) },
});
const sheet = (fileName: string, source: string) => ({ type: "asset", fileName, source });

test("what is imported later weighs nothing", () => {
  const weight = weigh(
    bundleOf(
      chunk("index.js", noise(500), ["shared.js"], ["index.css"]),
      chunk("shared.js", noise(500)),
      chunk("dialog.js", noise(9000), [], ["dialog.css"]),
      sheet("index.css", noise(100)),
      sheet("dialog.css", noise(900)),
    ),
  );
  expect(weight.js.files).toBe(2);
  expect(weight.js.bytes).toBeLessThan(2000);
  expect(weight.css.files).toBe(1);
  expect(weight.css.bytes).toBeLessThan(300);
});

test("too many bytes or files are refused, each with its figure", () => {
  const small = { bytes: 100, files: 1 };
  expect(excess({ js: small, css: small })).toEqual([]);
  const heavy = { bytes: 200 * 1024, files: 1 };
  expect(excess({ js: heavy, css: { bytes: 100, files: 2 } })).toEqual([
    "200.0 KiB JS in 1 file; at most 160.0 KiB JS in 1 file",
    "0.1 KiB CSS in 2 files; at most 15.0 KiB CSS in 1 file",
  ]);
});
