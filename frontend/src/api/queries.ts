import { queryOptions } from "@tanstack/react-query";
import { answer, client } from "./client";
import { isLive } from "./types";

/** The pace while something moves, and the pace when nothing does. Hidden tabs do not poll. */
export const LIVE_MS = 1500;
export const IDLE_MS = 15_000;

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
  refetchInterval: IDLE_MS,
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
      return run && isLive(run) ? LIVE_MS : IDLE_MS;
    },
  });
}
