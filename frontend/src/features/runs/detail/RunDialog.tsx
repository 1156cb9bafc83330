import { useQuery } from "@tanstack/react-query";
import { useMemo } from "react";
import { Navigate, useLocation, useNavigate, useOutletContext, useParams } from "react-router";
import { runQuery } from "../../../api/queries";
import type { RunDetail } from "../../../api/types";
import { paths } from "../../../lib/paths";
import { Announcement } from "../../../ui/Announcement";
import { Button } from "../../../ui/Button";
import { Dialog } from "../../../ui/Dialog";
import { ErrorNotice, isNotFound, StaleNotice } from "../../../ui/ErrorNotice";
import { Notice } from "../../../ui/Notice";
import { PageTitle } from "../../../ui/PageTitle";
import { ViewSkeleton } from "../../../ui/Skeleton";
import type { RunListContext } from "../RunHistoryPage";
import { useRunNews } from "../useRunNews";
import { RunReport } from "./RunReport";
import { useDialogRoute } from "./useDialogRoute";

const NONE: readonly RunDetail[] = [];

/** One run, over the list that it belongs to. */
export default function RunDialog() {
  const { projectId = "", runId = "" } = useParams();
  const { runs } = useOutletContext<RunListContext>();
  const { data: run, error, refetch, dataUpdatedAt } = useQuery(runQuery(runId));
  const shownId = run?.id ?? runId;
  const { close, step } = useDialogRoute(projectId, shownId, runs);
  const { search, state } = useLocation();
  const isGone = isNotFound(error);
  const news = useRunNews(useMemo(() => (run ? [run] : NONE), [run]));

  if (run && run.project_id !== projectId) {
    // The id is enough to find a run; its list is that of its own project.
    const own = { pathname: paths.run(run.project_id, run.id), search };
    return <Navigate to={own} state={state} replace />;
  }
  return (
    <Dialog label={run ? `Run #${run.number}` : "Run"} onClose={close}>
      <PageTitle over={2}>{run ? `#${run.number} ${run.status}` : "Run"}</PageTitle>
      <Announcement>{news}</Announcement>
      {run && !isGone ? (
        <>
          <StaleNotice error={error} since={dataUpdatedAt} onRetry={() => refetch()} />
          <RunReport key={run.id} run={run} step={step} onClose={close} />
        </>
      ) : (
        <NotShown runId={runId} projectId={projectId} error={error} onRetry={() => refetch()} />
      )}
    </Dialog>
  );
}

interface NotShownProps {
  runId: string;
  projectId: string;
  error: Error | null;
  onRetry: () => void;
}

function NotShown({ runId, projectId, error, onRetry }: NotShownProps) {
  const navigate = useNavigate();
  if (!error) return <ViewSkeleton rows={10} />;
  if (!isNotFound(error)) return <ErrorNotice what="the run" error={error} onRetry={onRetry} />;
  return (
    <Notice title="There is no such run">
      <p>
        Nothing is known under <code>{runId}</code>. It may have been deleted, or the address is
        incomplete.
      </p>
      <Button onClick={() => navigate(paths.runs(projectId))}>Show the runs of this project</Button>
    </Notice>
  );
}
