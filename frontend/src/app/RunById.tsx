import { useQuery } from "@tanstack/react-query";
import { Navigate, useParams } from "react-router";
import { runQuery } from "../api/queries";
import { paths } from "../lib/paths";
import { ErrorNotice, isNotFound, UnknownThing } from "../ui/ErrorNotice";
import { ViewSkeleton } from "../ui/Skeleton";

/** `/runs/019ac1f2`: who knows a run alone is led to it, over the list that it belongs to. */
export default function RunById() {
  const { runId = "" } = useParams();
  const { data: run, error, refetch } = useQuery(runQuery(runId));
  if (run) return <Navigate to={paths.run(run.project_id, run.id)} replace />;
  if (isNotFound(error)) return <UnknownThing what="run" id={runId} />;
  if (error)
    return <ErrorNotice what="the run" error={error} level={1} onRetry={() => refetch()} />;
  return <ViewSkeleton rows={10} />;
}
