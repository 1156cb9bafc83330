import { mutationOptions, type QueryClient, queryOptions } from "@tanstack/react-query";
import { answer, client } from "../../api/client";
import { IDLE_MS, keys, LIVE_MS } from "../../api/queries";
import { isLive, type Project, type ProjectInput } from "../../api/types";

export const projectsQuery = queryOptions({
  queryKey: keys.projects,
  queryFn: ({ signal }) => answer(client.GET("/api/projects", { signal })),
  refetchInterval: IDLE_MS,
});

const RECENT = 200;

/** The newest runs of all projects in one answer: most projects find their last run in it. */
export const recentRunsQuery = queryOptions({
  queryKey: [...keys.runs, "everywhere"],
  queryFn: ({ signal }) =>
    answer(client.GET("/api/runs/summary", { params: { query: { limit: RECENT } }, signal })),
  refetchInterval: ({ state }) => (state.data?.runs.some(isLive) ? LIVE_MS : IDLE_MS),
});

/** For a project whose last run is older than those. */
export function lastRunQuery(projectId: string) {
  return queryOptions({
    queryKey: [...keys.runs, projectId, "last"],
    queryFn: ({ signal }) =>
      answer(
        client.GET("/api/projects/{project_id}/runs/summary", {
          params: { path: { project_id: projectId }, query: { limit: 1 } },
          signal,
        }),
      ),
    select: (page) => page.runs[0] ?? null,
    staleTime: 60_000,
  });
}

export function createProject(queryClient: QueryClient) {
  return mutationOptions({
    mutationFn: (body: ProjectInput) => answer(client.POST("/api/projects", { body })),
    onSuccess: (project) => remember(queryClient, project),
  });
}

export function updateProject(queryClient: QueryClient, projectId: string) {
  return mutationOptions({
    mutationFn: (body: ProjectInput) =>
      answer(
        client.PUT("/api/projects/{project_id}", {
          params: { path: { project_id: projectId } },
          body,
        }),
      ),
    onSuccess: (project) => remember(queryClient, project),
  });
}

function remember(queryClient: QueryClient, project: Project) {
  queryClient.setQueryData(keys.project(project.id), project);
  return queryClient.invalidateQueries({ queryKey: keys.projects, exact: true });
}
