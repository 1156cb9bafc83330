import type { Results, RunDetail } from "../../api/types";
import { plural } from "../../lib/format";
import css from "./MissingList.module.css";

/** What the ranking could not take into account, and why. */
export function MissingList({ run, results }: { run: RunDetail; results: Results }) {
  if (results.missing.length === 0) return null;
  const byReason = new Map<string, number>();
  for (const { reason } of results.missing) byReason.set(reason, (byReason.get(reason) ?? 0) + 1);
  return (
    <section className={css.section} aria-labelledby="missing">
      <h2 id="missing">What is missing</h2>
      <ul>
        {[...byReason].map(([reason, count]) => (
          <li key={reason}>
            {plural(count, "evaluation")}: {reason}
          </li>
        ))}
      </ul>
      {run.metrics.notes.map((note) => (
        <p key={note}>{note}</p>
      ))}
    </section>
  );
}
