import { Link } from "react-router";
import type { RunDetail } from "../../api/types";
import { paths } from "../../lib/paths";
import { StatusMark } from "../../ui/StatusMark";
import { When } from "../../ui/When";
import css from "./ResultsHead.module.css";

export function ResultsHead({ run }: { run: RunDetail }) {
  return (
    <header className={css.head}>
      <h1>Results of run #{run.number}</h1>
      <p className={css.facts}>
        <StatusMark status={run.status} />
        {run.label && (
          <span className={css.label} title={run.label}>
            {run.label}
          </span>
        )}
        <When at={run.created_at} />
        <Link to={paths.run(run.project_id, run.id)}>Open the run</Link>
      </p>
      {run.error_summary && <p className={css.why}>{run.error_summary}</p>}
    </header>
  );
}
