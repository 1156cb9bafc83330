import type { Typical } from "../../api/types";
import { formatCount, formatDuration, MISSING, plural } from "../../lib/format";
import { Cost, Missing } from "../../ui/Figure";
import css from "./AnswersStrip.module.css";

export function TypicalRun({ typical }: { typical: Typical }) {
  const { p50, p90 } = typical.duration_seconds;
  if (typical.runs === 0) {
    return (
      <>
        <p className={css.big}>{MISSING}</p>
        <p className={css.words}>None has completed yet.</p>
      </>
    );
  }
  return (
    <>
      <p className={css.big}>
        {p50 === null ? <Missing why="No duration is known" /> : formatDuration(p50)}
        <span className={css.rest}>
          {p90 !== null && typical.runs > 1 && ` · p90 ${formatDuration(p90)}`}
          {" · "}
          <Cost
            usd={typical.cost_usd.p50}
            missing="None of these runs has a price for all of its calls"
          />
        </span>
      </p>
      <p className={css.words}>{made(typical)}</p>
    </>
  );
}

function made(typical: Typical): string {
  const { priced_runs: priced, runs } = typical;
  const counts = [
    several(typical.candidate_count, "candidate"),
    several(typical.scenario_count, "scenario"),
    several(typical.evaluation_count, "evaluation"),
  ];
  if (priced > 0 && priced < runs) counts.push(`${formatCount(priced)}\u00a0priced`);
  return counts.join(" · ");
}

function several(count: number | null, what: string): string {
  return count === null ? `${MISSING} ${what}s` : plural(count, what);
}
