import { useQuery } from "@tanstack/react-query";
import { Link, Navigate, useParams } from "react-router";
import { runQuery } from "../../api/queries";
import { paths } from "../../lib/paths";
import { ErrorNotice, isNotFound, StaleNotice } from "../../ui/ErrorNotice";
import { Notice } from "../../ui/Notice";
import { PageTitle } from "../../ui/PageTitle";
import { ViewSkeleton } from "../../ui/Skeleton";
import { CompareHead } from "./CompareHead";
import { CompareReport } from "./CompareReport";
import { comparisonQuery, previousQuery } from "./queries";

/** One run against another; the other is in the address, or is picked. */
export default function ComparePage() {
  const { projectId = "", runId = "", otherId } = useParams();
  if (!otherId) return <PickOther projectId={projectId} runId={runId} />;
  return <Compared projectId={projectId} runId={runId} otherId={otherId} />;
}

interface PickProps {
  projectId: string;
  runId: string;
}

function PickOther({ projectId, runId }: PickProps) {
  const run = useQuery(runQuery(runId));
  const previous = useQuery(previousQuery(run.data));
  const error = run.error ?? previous.error;
  if (isNotFound(error)) return <NoSuchRun projectId={projectId} error={error} />;
  if (error) return <ErrorNotice what="the runs" error={error} onRetry={() => run.refetch()} />;
  if (previous.data) {
    return <Navigate to={paths.compare(projectId, runId, previous.data.id)} replace />;
  }
  if (previous.data === null)
    return <CompareHead projectId={projectId} run={run.data} otherId="" />;
  return <ViewSkeleton rows={8} />;
}

function Compared({ projectId, runId, otherId }: PickProps & { otherId: string }) {
  const { data, error, refetch, dataUpdatedAt } = useQuery(comparisonQuery(otherId, runId));
  if (isNotFound(error)) return <NoSuchRun projectId={projectId} error={error} />;
  if (!data) {
    if (error) return <ErrorNotice what="the comparison" error={error} onRetry={() => refetch()} />;
    return <ViewSkeleton rows={8} />;
  }
  return (
    <>
      <PageTitle over={1}>{`#${data.head.number} against #${data.base.number}`}</PageTitle>
      <CompareHead projectId={projectId} run={data.head} otherId={data.base.id} other={data.base} />
      <StaleNotice error={error} since={dataUpdatedAt} onRetry={() => refetch()} />
      <CompareReport comparison={data} />
    </>
  );
}

function NoSuchRun({ projectId, error }: { projectId: string; error: Error | null }) {
  return (
    <Notice title="There is no such run">
      <PageTitle over={1}>Not found</PageTitle>
      <p>{error?.message}</p>
      <Link to={paths.runs(projectId)}>Show the runs of this project</Link>
    </Notice>
  );
}
