import { gzipSync } from "node:zlib";
import type { Plugin, Rolldown } from "vite";

/** What Run History may weigh when it is opened first, compressed as it travels. */
export const LIMITS = {
  js: { bytes: 160 * 1024, files: 1 },
  css: { bytes: 15 * 1024, files: 1 },
};

export interface Weight {
  js: { bytes: number; files: number };
  css: { bytes: number; files: number };
}

/** The entry and all it imports before anything is drawn; what is imported later is not in it. */
export function weigh(bundle: Rolldown.OutputBundle): Weight {
  const names = new Set<string>();
  for (const output of Object.values(bundle)) {
    if (output.type === "chunk" && output.isEntry) reach(bundle, output.fileName, names);
  }
  const of = (ending: string) => {
    const files = [...names].filter((name) => name.endsWith(ending));
    return {
      bytes: files.reduce((sum, name) => sum + packed(bundle[name]), 0),
      files: files.length,
    };
  };
  return { js: of(".js"), css: of(".css") };
}

function reach(bundle: Rolldown.OutputBundle, name: string, names: Set<string>): void {
  const output = bundle[name];
  if (names.has(name) || !output) return;
  names.add(name);
  if (output.type !== "chunk") return;
  for (const imported of output.imports) reach(bundle, imported, names);
  for (const sheet of output.viteMetadata?.importedCss ?? []) reach(bundle, sheet, names);
}

function packed(output: Rolldown.OutputBundle[string] | undefined): number {
  if (!output) return 0;
  // The server's own level.
  return gzipSync(output.type === "chunk" ? output.code : output.source, { level: 5 }).length;
}

export function excess(weight: Weight): string[] {
  return (["js", "css"] as const).flatMap((kind) => {
    const [is, may] = [weight[kind], LIMITS[kind]];
    const over = is.bytes > may.bytes || is.files > may.files;
    return over ? [`${told(kind, is)}; at most ${told(kind, may)}`] : [];
  });
}

function told(kind: string, { bytes, files }: Weight["js"]): string {
  return `${(bytes / 1024).toFixed(1)} KiB ${kind.toUpperCase()} in ${files} file${files === 1 ? "" : "s"}`;
}

/** Prints what the first load weighs, and fails the build when that is too much. */
export function weightCheck(): Plugin {
  return {
    name: "weight-check",
    apply: "build",
    generateBundle: {
      order: "post",
      handler(_options, bundle) {
        const weight = weigh(bundle);
        const over = excess(weight);
        if (over.length > 0) this.error(`Run History weighs too much: ${over.join("; ")}`);
        const words = [told("js", weight.js), told("css", weight.css)].join(", ");
        process.stdout.write(`First load of Run History: ${words}, compressed\n`);
      },
    },
  };
}
