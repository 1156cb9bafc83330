import type { Project, Status } from "../../api/types";
import { plural } from "../../lib/format";
import css from "./RecentRuns.module.css";

type Recent = Project["recent"];

/** A tick a run, the newest at the right; one that failed stands out by its height as well. */
export function RecentRuns({ runs }: { runs: Recent }) {
  const words = inWords(runs);
  return (
    <span className={css.strip} role="img" aria-label={words} title={words}>
      {runs.map(({ number, status }) => (
        <i key={number} className={css[status]} />
      ))}
    </span>
  );
}

/** `The last 20 runs: 17 completed, 2 failed, 1 running`. */
export function inWords(runs: Recent): string {
  const counts = new Map<Status, number>();
  for (const { status } of runs) counts.set(status, (counts.get(status) ?? 0) + 1);
  const parts = [...counts].sort(([, a], [, b]) => b - a).map(([status, n]) => `${n} ${status}`);
  const what = runs.length === 1 ? "The only run" : `The last ${plural(runs.length, "run")}`;
  return `${what}: ${parts.join(", ")}`;
}
