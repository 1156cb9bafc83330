import { mutationOptions, type QueryClient, queryOptions } from "@tanstack/react-query";
import { answer, client } from "../../api/client";
import { keys, LIVE_MS } from "../../api/queries";
import { isLive, type Project, type ProjectInput } from "../../api/types";

export const projectsQuery = queryOptions({
  queryKey: keys.projects,
  queryFn: ({ signal }) => answer(client.GET("/api/projects", { signal })),
  refetchInterval: ({ state }) =>
    state.data?.projects.some(({ last_run }) => last_run && isLive(last_run)) ? LIVE_MS : false,
});

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
