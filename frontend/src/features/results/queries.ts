import { queryOptions } from "@tanstack/react-query";
import { answer, client } from "../../api/client";
import { keys, LIVE_MS } from "../../api/queries";

export function resultsQuery(runId: string, live: boolean) {
  return queryOptions({
    queryKey: [...keys.run(runId), "results"],
    queryFn: ({ signal }) =>
      answer(
        client.GET("/api/runs/{run_id}/results", { params: { path: { run_id: runId } }, signal }),
      ),
    refetchInterval: live ? 2 * LIVE_MS : false,
  });
}
