import { focusManager, MutationCache, QueryClient } from "@tanstack/react-query";
import { ApiError } from "../api/client";
import { enter, leave } from "./session";

function mayRecover(error: Error): boolean {
  return !(error instanceof ApiError) || error.status === 0 || error.status >= 500;
}

export function createQueryClient(): QueryClient {
  const tabs = new BroadcastChannel("crucible");
  const queryClient = new QueryClient({
    // What this tab did, the others see.
    mutationCache: new MutationCache({
      onSuccess: (_data, _variables, _result, { meta }) =>
        tabs.postMessage(meta?.tells ?? "changed"),
    }),
    defaultOptions: {
      queries: {
        // The server is usually on this computer: `navigator.onLine` says nothing about it.
        networkMode: "always",
        retry: (failures, error) => failures < 2 && mayRecover(error),
        retryDelay: (failures) => 500 * 2 ** failures,
        staleTime: 1000,
      },
      mutations: { networkMode: "always", retry: false },
    },
  });
  tabs.onmessage = ({ data: told }) => {
    if (told === "signed in") enter(queryClient);
    else if (told === "signed out") leave(queryClient);
    else queryClient.invalidateQueries();
  };
  return queryClient;
}

/**
 * A window may be in sight and behind another: whoever turns to it wants what is so now. (The
 * library asks only when a hidden tab is shown.)
 */
export function watchFocus() {
  focusManager.setEventListener((turned) => {
    const onTurn = () => turned();
    window.addEventListener("visibilitychange", onTurn);
    window.addEventListener("focus", onTurn);
    return () => {
      window.removeEventListener("visibilitychange", onTurn);
      window.removeEventListener("focus", onTurn);
    };
  });
}
