import { useQuery, useQueryClient } from "@tanstack/react-query";
import { useEffect } from "react";
import { Outlet, useParams } from "react-router";
import { isLive, type Run } from "../../api/types";
import { ErrorNotice, StaleNotice } from "../../ui/ErrorNotice";
import { AnswersStrip } from "./AnswersStrip";
import { NoRuns } from "./NoRuns";
import { Pager } from "./Pager";
import { answersKey, runsQuery } from "./queries";
import { RunFilters } from "./RunFilters";
import { RunTable } from "./RunTable";
import { useRunSearch } from "./useRunSearch";

/** What the dialog over the list needs to know of the list. */
export interface RunListContext {
  runs: readonly Run[];
}

export function RunHistoryPage() {
  const { projectId = "" } = useParams();
  const search = useRunSearch();
  const {
    data: page,
    error,
    refetch,
    dataUpdatedAt,
  } = useQuery(runsQuery(projectId, search.query));
  const runs = page?.runs ?? [];
  useFreshAnswers(projectId, runs);

  if (error && !page) {
    return <ErrorNotice what="the runs" error={error} onRetry={() => refetch()} />;
  }
  const isUntouched = page?.runs.length === 0 && !search.isFiltered && search.isFirstPage;
  return (
    <>
      <StaleNotice error={error} since={dataUpdatedAt} onRetry={() => refetch()} />
      {isUntouched ? (
        <NoRuns projectId={projectId} />
      ) : (
        <>
          <AnswersStrip projectId={projectId} />
          <RunFilters search={search} page={page} />
          <RunTable runs={page?.runs} search={search} />
          {page && <Pager page={page} search={search} />}
        </>
      )}
      <Outlet context={{ runs } satisfies RunListContext} />
    </>
  );
}

/** A run that begins or ends changes the answers above the list: ask for them again. */
function useFreshAnswers(projectId: string, runs: readonly Run[]) {
  const queryClient = useQueryClient();
  const live = runs
    .filter(isLive)
    .map((run) => run.id)
    .join();
  // biome-ignore lint/correctness/useExhaustiveDependencies: `live` is the event that is waited for
  useEffect(() => {
    queryClient.invalidateQueries({ queryKey: answersKey(projectId) });
  }, [queryClient, projectId, live]);
}
