import { type UseQueryResult, useQuery, useQueryClient } from "@tanstack/react-query";
import { Suspense, useEffect, useRef } from "react";
import { Outlet, useParams } from "react-router";
import { isLive, type Run, type RunPage } from "../../api/types";
import { ErrorNotice, StaleNotice } from "../../ui/ErrorNotice";
import { AnswersStrip } from "./AnswersStrip";
import { NoRuns } from "./NoRuns";
import { Pager } from "./Pager";
import { answersKey, runsQuery } from "./queries";
import { RunFilters } from "./RunFilters";
import { RunTable } from "./RunTable";
import { type RunSearch, useRunSearch } from "./useRunSearch";

/** What the dialog over the list needs to know of the list. */
export interface RunListContext {
  runs: readonly Run[];
}

export function RunHistoryPage() {
  const { projectId = "" } = useParams();
  const search = useRunSearch();
  const list = useQuery(runsQuery(projectId, search.query));
  const { data: page, error, refetch } = list;
  const runs = page?.runs ?? [];
  useFreshAnswers(projectId, runs);
  useEffect(warmUpDialog, []);

  const isUntouched = page?.runs.length === 0 && !search.isNarrowed;
  return (
    <>
      {page && <StaleNotice error={error} since={list.dataUpdatedAt} onRetry={() => refetch()} />}
      {isUntouched ? <NoRuns projectId={projectId} /> : <History list={list} search={search} />}
      <Suspense fallback={null}>
        <Outlet context={{ runs } satisfies RunListContext} />
      </Suspense>
    </>
  );
}

interface HistoryProps {
  list: UseQueryResult<RunPage>;
  search: RunSearch;
}

function History({ list, search }: HistoryProps) {
  const { projectId = "" } = useParams();
  const { data: page, error, refetch } = list;
  return (
    <>
      <AnswersStrip projectId={projectId} />
      <RunFilters search={search} page={page} />
      {error && !page ? (
        <ErrorNotice what="the runs" error={error} onRetry={() => refetch()} />
      ) : (
        <RunTable runs={page?.runs} search={search} isRenewing={list.isPlaceholderData} />
      )}
      {page && <Pager page={page} search={search} />}
    </>
  );
}

/** The dialog comes in a file of its own; it should be here before the first click. */
function warmUpDialog() {
  const timer = setTimeout(() => import("./detail/RunDialog").catch(() => {}), 300);
  return () => clearTimeout(timer);
}

/** A run that begins or ends changes the answers above the list: ask for them again. */
function useFreshAnswers(projectId: string, runs: readonly Run[]) {
  const queryClient = useQueryClient();
  const live = runs
    .filter(isLive)
    .map((run) => run.id)
    .join();
  const before = useRef(live);
  useEffect(() => {
    if (before.current === live) return;
    before.current = live;
    queryClient.invalidateQueries({ queryKey: answersKey(projectId) });
  }, [queryClient, projectId, live]);
}
