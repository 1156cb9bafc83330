import { Link, useLocation } from "react-router";
import type { Verdict } from "../../api/types";
import { inWords, plural } from "../../lib/format";
import { paths } from "../../lib/paths";
import css from "./AnswersStrip.module.css";
import { VerdictMark } from "./VerdictMark";

/** The word, its first reason, and the way to the evidence. */
export function VerdictAnswer({ verdict }: { verdict: Verdict }) {
  const { search } = useLocation();
  const reason = firstReason(verdict);
  const others = verdict.anomalies.length - 1;
  return (
    <>
      <p className={css.big}>
        <Link
          className={css.chip}
          to={{ pathname: paths.health(verdict.project_id), search }}
          state={{ fromList: true }}
        >
          <VerdictMark verdict={verdict.verdict} />
        </Link>
        {others > 0 && <span className={css.rest}> · and {plural(others, "more finding")}</span>}
      </p>
      <p className={css.words} title={reason}>
        {reason}
      </p>
    </>
  );
}

function firstReason({ verdict, anomalies, window }: Verdict): string {
  const first = anomalies[0];
  if (first) return inWords(first.summary);
  if (verdict !== "unknown") return "Nothing is out of line.";
  return `${plural(window.needed, "more run")} until there is a verdict.`;
}
