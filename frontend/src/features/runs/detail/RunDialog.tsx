import { useQuery } from "@tanstack/react-query";
import { useNavigate, useOutletContext, useParams } from "react-router";
import { runQuery } from "../../../api/queries";
import { paths } from "../../../lib/paths";
import { Button } from "../../../ui/Button";
import { Dialog } from "../../../ui/Dialog";
import { ErrorNotice, isNotFound, StaleNotice } from "../../../ui/ErrorNotice";
import { Notice } from "../../../ui/Notice";
import { ViewSkeleton } from "../../../ui/Skeleton";
import type { RunListContext } from "../RunHistoryPage";
import { RunReport } from "./RunReport";
import { useDialogRoute } from "./useDialogRoute";

/** One run, over the list that it belongs to. */
export default function RunDialog() {
  const { projectId = "", runId = "" } = useParams();
  const { runs } = useOutletContext<RunListContext>();
  const { data: run, error, refetch, dataUpdatedAt } = useQuery(runQuery(runId));
  const shownId = run?.id ?? runId;
  const { close, step } = useDialogRoute(projectId, shownId, runs);

  return (
    <Dialog label={run ? `Run #${run.number}` : "Run"} onClose={close}>
      {run ? (
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
