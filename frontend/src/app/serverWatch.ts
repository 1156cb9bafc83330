import { type Query, useQuery, useQueryClient } from "@tanstack/react-query";
import { useEffect, useSyncExternalStore } from "react";
import { ApiError, answer, client } from "../api/client";

const KNOCK_MS = 2000;
/** No answer, or that of something before the server; 503 is the server's own "not now". */
const AWAY = [0, 502, 503, 504];

function isAway({ state }: Query): boolean {
  return state.error instanceof ApiError && AWAY.includes(state.error.status);
}

/** While the server is gone, asks whether it is back; when it is, asks again what it left open. */
export function useServerWatch() {
  const queryClient = useQueryClient();
  const cache = queryClient.getQueryCache();
  const isDown = useSyncExternalStore(
    (listener) => cache.subscribe(listener),
    () => cache.getAll().some((query) => query.isActive() && isAway(query)),
  );
  const { dataUpdatedAt } = useQuery({
    queryKey: ["server"],
    queryFn: ({ signal }) => answer(client.GET("/api/health", { signal })),
    enabled: isDown,
    retry: false,
    staleTime: 0,
    refetchInterval: KNOCK_MS,
  });
  // biome-ignore lint/correctness/useExhaustiveDependencies: each answer is the event
  useEffect(() => {
    queryClient.invalidateQueries({ predicate: isAway });
  }, [queryClient, dataUpdatedAt]);
}
