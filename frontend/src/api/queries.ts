import { queryOptions } from "@tanstack/react-query";
import { answer, client } from "./client";
import { isLive } from "./types";

/**
 * The pace while something moves; hidden tabs do not poll. When nothing moves nothing is asked: a
 * window that is turned to and a change made in another tab ask again (`app/queryClient.ts`).
 */
export const LIVE_MS = 1500;
/** The pace of what a live run changes only as it ends. */
export const SLOW_MS = 15_000;

/** Questions that more than one feature asks. The others stand in their feature. */
export const keys = {
  health: ["health"] as const,
  projects: ["projects"] as const,
  project: (id: string) => ["projects", id] as const,
  runs: ["runs"] as const,
  run: (id: string) => ["run", id] as const,
};

export const healthQuery = queryOptions({
  queryKey: keys.health,
  queryFn: ({ signal }) => answer(client.GET("/api/health", { signal })),
  // A model that is being fetched becomes ready by itself.
  refetchInterval: ({ state }) => (state.data?.llm.ready === false ? SLOW_MS : false),
});

export function projectQuery(projectId: string) {
  return queryOptions({
    queryKey: keys.project(projectId),
    queryFn: ({ signal }) =>
      answer(
        client.GET("/api/projects/{project_id}", {
          params: { path: { project_id: projectId } },
          signal,
        }),
      ),
  });
}

export function runQuery(runId: string) {
  return queryOptions({
    queryKey: keys.run(runId),
    queryFn: ({ signal }) =>
      answer(client.GET("/api/runs/{run_id}", { params: { path: { run_id: runId } }, signal })),
    refetchInterval: (query) => {
      const run = query.state.data;
      return run && isLive(run) ? LIVE_MS : false;
    },
  });
}
