import { useQuery } from "@tanstack/react-query";
import { useId } from "react";
import { Link, useLocation } from "react-router";
import type { Run } from "../../api/types";
import { formatCount, formatDuration } from "../../lib/format";
import { paths } from "../../lib/paths";
import { Cost, Missing } from "../../ui/Figure";
import { Skeleton } from "../../ui/Skeleton";
import { When } from "../../ui/When";
import css from "./AnswersStrip.module.css";
import { lastFailureQuery, recentCompletedQuery } from "./queries";
import { typicalRun } from "./typical";

/** The two questions that open every visit, answered before a click. */
export function AnswersStrip({ projectId }: { projectId: string }) {
  return (
    <section className={css.answers} aria-label="At a glance">
      <LastFailure projectId={projectId} />
      <TypicalRun projectId={projectId} />
    </section>
  );
}

function LastFailure({ projectId }: { projectId: string }) {
  const { data: run, error } = useQuery(lastFailureQuery(projectId));
  const heading = useId();
  return (
    <section className={css.cell} aria-labelledby={heading}>
      <h2 id={heading}>Last failure</h2>
      {run ? <Failure run={run} /> : <Waiting error={error} done={run === null} />}
    </section>
  );
}

function Failure({ run }: { run: Run }) {
  const { search } = useLocation();
  return (
    <>
      <p className={css.big}>
        <Link
          to={{ pathname: paths.run(run.project_id, run.id), search }}
          state={{ fromList: true }}
        >
          #{run.number}
        </Link>
        <span className={css.rest}>
          {" · "}
          <When at={run.completed_at ?? run.updated_at} />
          {run.error?.phase && ` · in ${run.error.phase}`}
        </span>
      </p>
      <p className={css.reason}>{run.error_summary ?? "No reason was recorded"}</p>
    </>
  );
}

function Waiting({ error, done }: { error: Error | null; done: boolean }) {
  if (done) return <p className={css.none}>No run of this project has failed.</p>;
  if (error) return <p className={css.none}>Not known: {error.message}</p>;
  return (
    <>
      <p className={css.big}>
        <Skeleton width="9em" />
      </p>
      <p>
        <Skeleton width="18em" />
      </p>
    </>
  );
}

function TypicalRun({ projectId }: { projectId: string }) {
  const { data: runs, error } = useQuery(recentCompletedQuery(projectId));
  const heading = useId();
  return (
    <section className={css.cell} aria-labelledby={heading}>
      <h2 id={heading}>
        A typical run
        {runs && runs.length > 0 && `, from ${sample(runs.length)}`}
      </h2>
      {runs && runs.length > 0 && <TypicalFigures runs={runs} />}
      {runs?.length === 0 && <p className={css.none}>None has completed yet.</p>}
      {!runs && <Waiting error={error} done={false} />}
    </section>
  );
}

function sample(runs: number): string {
  return runs === 1 ? "the one that completed" : `the last ${runs} that completed`;
}

function TypicalFigures({ runs }: { runs: readonly Run[] }) {
  const typical = typicalRun(runs);
  const { p50, p90 } = typical.duration;
  return (
    <>
      <p className={css.big}>
        {p50 === null ? <Missing why="No duration is known" /> : formatDuration(p50)}
        <span className={css.rest}>
          {p90 !== null && ` · p90 ${formatDuration(p90)}`}
          {" · "}
          <TypicalCost cost={typical.cost} priced={typical.pricedRuns} of={typical.runs} />
        </span>
      </p>
      <p className={css.counts}>
        {formatCount(typical.candidates)} candidates · {formatCount(typical.scenarios)} scenarios ·{" "}
        {formatCount(typical.evaluations)} evaluations
      </p>
    </>
  );
}

function TypicalCost({ cost, priced, of }: { cost: number | null; priced: number; of: number }) {
  return (
    <>
      <Cost usd={cost} missing="None of these runs has a price for all of its calls" />
      {cost !== null && priced < of && (
        <span title="The other runs have calls without a known price">
          {" "}
          ({priced} of {of} priced)
        </span>
      )}
    </>
  );
}
