import {
  keepPreviousData,
  mutationOptions,
  type QueryClient,
  queryOptions,
} from "@tanstack/react-query";
import { answer, client } from "../../api/client";
import { IDLE_MS, keys, LIVE_MS } from "../../api/queries";
import type { operations } from "../../api/schema.gen";
import {
  type Budget,
  type Call,
  type CallPage,
  isLive,
  type RunPage,
  type Status,
} from "../../api/types";

export type SortKey = NonNullable<
  NonNullable<operations["list_project_runs"]["parameters"]["query"]>["sort"]
>;

export interface RunQuery {
  status?: Status[];
  since?: string;
  sort?: SortKey;
  cursor?: string;
  limit?: number;
}

function fetchRuns(projectId: string, query: RunQuery, signal: AbortSignal): Promise<RunPage> {
  return answer(
    client.GET("/api/projects/{project_id}/runs/summary", {
      params: { path: { project_id: projectId }, query },
      signal,
    }),
  );
}

export function runsQuery(projectId: string, query: RunQuery) {
  return queryOptions({
    queryKey: [...keys.runs, projectId, "page", query],
    queryFn: ({ signal }) => fetchRuns(projectId, query, signal),
    refetchInterval: ({ state }) => (state.data?.runs.some(isLive) ? LIVE_MS : IDLE_MS),
    placeholderData: keepPreviousData,
  });
}

export const answersKey = (projectId: string) => [...keys.runs, projectId, "answers"];

export function lastFailureQuery(projectId: string) {
  return queryOptions({
    queryKey: [...answersKey(projectId), "failure"],
    queryFn: ({ signal }) => fetchRuns(projectId, { status: ["failed"], limit: 1 }, signal),
    select: (page) => page.runs[0] ?? null,
    refetchInterval: IDLE_MS,
  });
}

export const TYPICAL_RUNS = 20;

export function recentCompletedQuery(projectId: string) {
  return queryOptions({
    queryKey: [...answersKey(projectId), "completed"],
    queryFn: ({ signal }) =>
      fetchRuns(projectId, { status: ["completed"], limit: TYPICAL_RUNS }, signal),
    select: (page) => page.runs,
    refetchInterval: IDLE_MS,
  });
}

const CALLS_PER_PAGE = 200;
const CALLS_AT_MOST = 1000;

/** All calls of a run, up to a bound: the page orders them by what went wrong and by latency. */
export function callsQuery(runId: string, live: boolean) {
  return queryOptions({
    queryKey: [...keys.run(runId), "calls"],
    queryFn: ({ signal }) => fetchCalls(runId, signal),
    refetchInterval: live ? 2 * LIVE_MS : false,
  });
}

async function fetchCalls(runId: string, signal: AbortSignal) {
  const calls: Call[] = [];
  let cursor: string | null = null;
  do {
    const page: CallPage = await answer(
      client.GET("/api/runs/{run_id}/calls", {
        params: {
          path: { run_id: runId },
          query: cursor ? { limit: CALLS_PER_PAGE, cursor } : { limit: CALLS_PER_PAGE },
        },
        signal,
      }),
    );
    calls.push(...page.calls);
    cursor = page.next_cursor;
  } while (cursor && calls.length < CALLS_AT_MOST);
  return { calls, isComplete: cursor === null };
}

export function cancelRun(queryClient: QueryClient, runId: string) {
  return mutationOptions({
    mutationFn: () =>
      answer(client.POST("/api/runs/{run_id}/cancel", { params: { path: { run_id: runId } } })),
    onSuccess: () => refreshRun(queryClient, runId),
  });
}

export function resumeRun(queryClient: QueryClient, runId: string) {
  return mutationOptions({
    /** Limits replace those of the run; null keeps them. */
    mutationFn: (budget: Budget | null) =>
      answer(
        client.POST("/api/runs/{run_id}/resume", {
          params: { path: { run_id: runId } },
          body: { budget },
        }),
      ),
    onSuccess: () => refreshRun(queryClient, runId),
  });
}

function refreshRun(queryClient: QueryClient, runId: string) {
  queryClient.invalidateQueries({ queryKey: keys.runs });
  return queryClient.invalidateQueries({ queryKey: keys.run(runId) });
}
