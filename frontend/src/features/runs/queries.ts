import {
  keepPreviousData,
  mutationOptions,
  type QueryClient,
  queryOptions,
} from "@tanstack/react-query";
import { answer, client } from "../../api/client";
import { keys, LIVE_MS, SLOW_MS } from "../../api/queries";
import type { operations } from "../../api/schema.gen";
import {
  type Budget,
  type Call,
  type CallPage,
  isLive,
  type Mode,
  type RunPage,
  type Status,
} from "../../api/types";

export type SortKey = NonNullable<
  NonNullable<operations["list_project_runs"]["parameters"]["query"]>["sort"]
>;

export interface RunQuery {
  status?: Status[];
  since?: string;
  mode?: Mode;
  /** Words of a label or of the reason of a failure. */
  q?: string;
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
    refetchInterval: ({ state }) => (state.data?.runs.some(isLive) ? LIVE_MS : false),
    placeholderData: keepPreviousData,
  });
}

export const answersKey = (projectId: string) => [...keys.runs, projectId, "answers"];

/** Whether something is going wrong, what failed last, and what a run usually takes. */
export function verdictQuery(projectId: string, live: boolean) {
  return queryOptions({
    queryKey: [...answersKey(projectId), "verdict"],
    queryFn: ({ signal }) =>
      answer(
        client.GET("/api/projects/{project_id}/runs/health", {
          params: { path: { project_id: projectId } },
          signal,
        }),
      ),
    refetchInterval: live ? SLOW_MS : false,
  });
}

/** The last runs, the last days, and what failed in them. */
export function trendsQuery(projectId: string, live: boolean) {
  return queryOptions({
    queryKey: [...answersKey(projectId), "trends"],
    queryFn: ({ signal }) =>
      answer(
        client.GET("/api/projects/{project_id}/runs/trends", {
          params: { path: { project_id: projectId } },
          signal,
        }),
      ),
    refetchInterval: live ? SLOW_MS : false,
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
