import { useQuery } from "@tanstack/react-query";
import { type ReactNode, useId } from "react";
import { Skeleton } from "../../ui/Skeleton";
import css from "./AnswersStrip.module.css";
import { LastFailed } from "./LastFailed";
import { verdictQuery } from "./queries";
import { TypicalRun } from "./TypicalRun";
import { VerdictAnswer } from "./VerdictAnswer";

/** The questions that open every visit, answered before a click, by one request. */
export function AnswersStrip({ projectId, live }: { projectId: string; live: boolean }) {
  const { data, error } = useQuery(verdictQuery(projectId, live));
  const judged = data ? `, last ${data.window.runs} runs` : "";
  const typical = data?.typical.runs ? `, of ${data.typical.runs} that completed` : "";
  return (
    <section className={css.answers} aria-label="At a glance">
      <Answer title={`Health${data && data.window.runs > 1 ? judged : ""}`}>
        {data ? <VerdictAnswer verdict={data} /> : <Waiting error={error} />}
      </Answer>
      <Answer title="Last failure">
        {data ? (
          <LastFailed projectId={projectId} failure={data.last_failure} />
        ) : (
          <Waiting error={error} />
        )}
      </Answer>
      <Answer title={`A typical run${typical}`}>
        {data ? <TypicalRun typical={data.typical} /> : <Waiting error={error} />}
      </Answer>
    </section>
  );
}

function Answer({ title, children }: { title: string; children: ReactNode }) {
  const heading = useId();
  return (
    <section className={css.cell} aria-labelledby={heading}>
      <h2 id={heading}>{title}</h2>
      {children}
    </section>
  );
}

/** As high as what will stand there. */
function Waiting({ error }: { error: Error | null }) {
  if (error) return <p className={css.words}>Not known: {error.message}</p>;
  return (
    <>
      <p className={css.big}>
        <Skeleton width="9em" />
      </p>
      <p className={css.words}>
        <Skeleton width="18em" />
      </p>
    </>
  );
}
