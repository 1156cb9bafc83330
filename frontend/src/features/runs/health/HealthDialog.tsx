import { useQuery } from "@tanstack/react-query";
import { useOutletContext, useParams } from "react-router";
import { isLive, type Verdict } from "../../../api/types";
import { plural } from "../../../lib/format";
import { Button } from "../../../ui/Button";
import { Dialog } from "../../../ui/Dialog";
import { ErrorNotice, StaleNotice } from "../../../ui/ErrorNotice";
import { PageTitle } from "../../../ui/PageTitle";
import { ViewSkeleton } from "../../../ui/Skeleton";
import { trendsQuery, verdictQuery } from "../queries";
import type { RunListContext } from "../RunHistoryPage";
import { useDialogClose } from "../useDialogClose";
import { VerdictMark } from "../VerdictMark";
import { Finding } from "./Finding";
import css from "./HealthDialog.module.css";
import { Patterns } from "./Patterns";

/** What the verdict rests on, and how runs have failed of late. */
export default function HealthDialog() {
  const { projectId = "" } = useParams();
  const { runs } = useOutletContext<RunListContext>();
  const live = runs.some(isLive);
  const { data, error, refetch, dataUpdatedAt } = useQuery(verdictQuery(projectId, live));
  const trends = useQuery(trendsQuery(projectId, live));
  const numbers = new Map(trends.data?.runs.map((run) => [run.id, run.number]));
  const close = useDialogClose(projectId);
  return (
    <Dialog label="Health" onClose={close}>
      <PageTitle over={2}>Health</PageTitle>
      <header className={css.head}>
        <h2>{data ? <VerdictMark verdict={data.verdict} /> : "Health"}</h2>
        <Button kind="quiet" onClick={close} aria-label="Close" title="Close (Esc)">
          <span aria-hidden="true">✕</span>
        </Button>
      </header>
      {data && <StaleNotice error={error} since={dataUpdatedAt} onRetry={() => refetch()} />}
      {data && <Findings verdict={data} numbers={numbers} />}
      {!data && !error && <ViewSkeleton rows={4} />}
      {!data && error && <ErrorNotice what="the verdict" error={error} onRetry={() => refetch()} />}
      <Patterns projectId={projectId} live={live} />
    </Dialog>
  );
}

interface FindingsProps {
  verdict: Verdict;
  numbers: ReadonlyMap<string, number>;
}

function Findings({ verdict, numbers }: FindingsProps) {
  const { anomalies, window } = verdict;
  return (
    <>
      <p className={css.words}>{basis(verdict)}</p>
      {anomalies.length > 0 && (
        <ol className={css.findings} aria-label="Findings">
          {anomalies.map((found) => (
            <Finding
              key={`${found.code} ${found.metric} ${found.phase}`}
              projectId={verdict.project_id}
              found={found}
              numbers={numbers}
            />
          ))}
        </ol>
      )}
      {anomalies.length === 0 && window.needed === 0 && (
        <p className={css.words}>
          Failures, time, cost, tokens, retries and yield are all as they usually are.
        </p>
      )}
    </>
  );
}

function basis({ window }: Verdict): string {
  const judged = `Judged over the newest ${plural(window.runs, "run")} that completed or failed.`;
  if (window.needed === 0) return judged;
  return `${judged} ${plural(window.needed, "more is", "more are")} needed until there is a verdict.`;
}
