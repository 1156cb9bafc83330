import { type UseQueryResult, useQuery } from "@tanstack/react-query";
import { Suspense, useEffect } from "react";
import { Outlet, useParams } from "react-router";
import { isLive, type Run, type RunPage } from "../../api/types";
import { Announcement } from "../../ui/Announcement";
import { Button } from "../../ui/Button";
import { ErrorNotice, isRefused, StaleNotice } from "../../ui/ErrorNotice";
import { Notice } from "../../ui/Notice";
import { AnswersStrip } from "./AnswersStrip";
import { NoRuns } from "./NoRuns";
import { Pager } from "./Pager";
import { runsQuery } from "./queries";
import { RunFilters } from "./RunFilters";
import { RunTable } from "./RunTable";
import { RunStrip } from "./strip/RunStrip";
import { useFreshAnswers } from "./useFreshAnswers";
import { useRunNews } from "./useRunNews";
import { type RunSearch, useRunSearch } from "./useRunSearch";

/** What the dialog over the list needs to know of the list. */
export interface RunListContext {
  runs: readonly Run[];
}

const NONE: readonly Run[] = [];

export function RunHistoryPage() {
  const { projectId = "" } = useParams();
  const search = useRunSearch();
  const list = useQuery(runsQuery(projectId, search.query));
  const { data: page, error, refetch } = list;
  const runs = page?.runs ?? NONE;
  useFreshAnswers(projectId, runs);
  const news = useRunNews(runs);
  useEffect(warmUpDialog, []);

  const isUntouched = page?.runs.length === 0 && !search.isNarrowed;
  return (
    <>
      <Announcement>{news}</Announcement>
      {page && !isRefused(error) && (
        <StaleNotice error={error} since={list.dataUpdatedAt} onRetry={() => refetch()} />
      )}
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
  const live = page?.runs.some(isLive) ?? false;
  return (
    <>
      <AnswersStrip projectId={projectId} live={live} />
      <RunStrip projectId={projectId} live={live} />
      <RunFilters search={search} page={page} />
      {isRefused(error) ? (
        <Notice title="This address asks for what cannot be answered" tone="bad" live>
          <p>{error.message}</p>
          <Button onClick={search.clear}>Show all runs</Button>
        </Notice>
      ) : error && !page ? (
        <ErrorNotice what="the runs" error={error} onRetry={() => refetch()} />
      ) : (
        <RunTable runs={page?.runs} search={search} isRenewing={list.isPlaceholderData} />
      )}
      {page && !isRefused(error) && <Pager page={page} search={search} asOf={list.dataUpdatedAt} />}
    </>
  );
}

/** The dialog comes in files of its own: they are fetched at the first sign of a hand. */
function warmUpDialog() {
  const signs = new AbortController();
  function warmUp() {
    signs.abort();
    import("./detail/RunDialog").catch(() => {});
  }
  for (const sign of ["pointermove", "pointerdown", "keydown"]) {
    window.addEventListener(sign, warmUp, { signal: signs.signal, passive: true });
  }
  return () => signs.abort();
}
