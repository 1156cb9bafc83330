import {
  keepPreviousData,
  mutationOptions,
  type QueryClient,
  queryOptions,
} from "@tanstack/react-query";
import { answer, client } from "../../api/client";
import { keys } from "../../api/queries";
import type { RunInput } from "../../api/types";

export interface Launch {
  body: RunInput;
  /** The same for each try of the same form, so that an answer that got lost starts no second run. */
  key: string;
}

export function startRun(queryClient: QueryClient, projectId: string) {
  return mutationOptions({
    mutationFn: ({ body, key }: Launch) =>
      answer(
        client.POST("/api/projects/{project_id}/runs", {
          params: { path: { project_id: projectId } },
          headers: { "Idempotency-Key": key },
          body,
        }),
      ),
    onSuccess: () => queryClient.invalidateQueries({ queryKey: keys.runs }),
  });
}

/** The last answer stands until the next one comes. */
export function estimateQuery(projectId: string, body: RunInput) {
  return queryOptions({
    queryKey: ["estimate", projectId, body],
    queryFn: ({ signal }) =>
      answer(
        client.POST("/api/projects/{project_id}/runs/estimate", {
          params: { path: { project_id: projectId } },
          body,
          signal,
        }),
      ),
    placeholderData: keepPreviousData,
    staleTime: 60_000,
  });
}
