import { queryOptions } from "@tanstack/react-query";
import { answer, client } from "../../api/client";
import { keys, LIVE_MS } from "../../api/queries";
import { isLive, type RunDetail } from "../../api/types";

/** `head` against `base`: what is more is more of `head`. */
export function comparisonQuery(base: string, head: string) {
  return queryOptions({
    queryKey: [...keys.run(head), "compare", base],
    queryFn: ({ signal }) =>
      answer(
        client.GET("/api/runs/{run_id}/compare/{other}", {
          params: { path: { run_id: base, other: head } },
          signal,
        }),
      ),
    refetchInterval: ({ state: { data } }) =>
      data && (isLive(data.base) || isLive(data.head)) ? 2 * LIVE_MS : false,
  });
}

/** The newest runs of a project, to pick one from. */
export function recentQuery(projectId: string) {
  return queryOptions({
    queryKey: [...keys.runs, projectId, "recent"],
    queryFn: ({ signal }) =>
      answer(
        client.GET("/api/projects/{project_id}/runs/summary", {
          params: { path: { project_id: projectId }, query: { limit: 30 } },
          signal,
        }),
      ),
    select: (page) => page.runs,
  });
}

/** The run that one is usually compared with: the one of its mode that completed before it. */
export function previousQuery(run: RunDetail | undefined) {
  return queryOptions({
    queryKey: [...keys.run(run?.id ?? ""), "previous"],
    enabled: run !== undefined,
    queryFn: ({ signal }) =>
      answer(
        client.GET("/api/projects/{project_id}/runs/summary", {
          params: {
            path: { project_id: run?.project_id ?? "" },
            query: {
              status: ["completed"],
              mode: run?.mode ?? "full_search",
              until: run?.created_at ?? "",
              limit: 2,
            },
          },
          signal,
        }),
      ),
    select: (page) => page.runs.find((one) => one.id !== run?.id) ?? null,
  });
}
