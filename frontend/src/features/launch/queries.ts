import { mutationOptions, type QueryClient } from "@tanstack/react-query";
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
