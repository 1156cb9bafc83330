import { useQueryClient } from "@tanstack/react-query";
import { useEffect, useRef } from "react";
import type { Run, Status } from "../../api/types";
import { answersKey } from "./queries";

/** A run that begins or ends changes the answers above the list: ask for them again. */
export function useFreshAnswers(projectId: string, runs: readonly Run[]) {
  const queryClient = useQueryClient();
  const seen = useRef(new Map<string, Status>());
  useEffect(() => {
    if (hasNews(seen.current, runs)) {
      queryClient.invalidateQueries({ queryKey: answersKey(projectId) });
    }
    for (const run of runs) seen.current.set(run.id, run.status);
  }, [queryClient, projectId, runs]);
}

/** Another page of the list shows runs that are new to it and not new. */
export function hasNews(seen: ReadonlyMap<string, Status>, runs: readonly Run[]): boolean {
  const newest = [...seen.keys()].sort().at(-1);
  return runs.some(({ id, status }) => {
    const before = seen.get(id);
    return before === undefined ? newest !== undefined && id > newest : before !== status;
  });
}
