import {
  mutationOptions,
  type QueryClient,
  QueryObserver,
  queryOptions,
  useQueryClient,
} from "@tanstack/react-query";
import { useEffect, useSyncExternalStore } from "react";
import { ApiError, answer, client, done } from "../api/client";
import { letIn, signedOut } from "../api/session";

/**
 * Says that this browser signed in here once, so that the next visit offers to sign out. The token
 * is kept nowhere, and the session stands in a cookie that no script can read.
 */
const KEY = "crucible.signed-in";
const listeners = new Set<() => void>();
let hasSignedIn = stored();

function stored(): boolean {
  try {
    return localStorage.getItem(KEY) !== null;
  } catch {
    // Storage can be switched off: then it is known until the page is loaded anew.
    return false;
  }
}

function remember(signedIn: boolean) {
  hasSignedIn = signedIn;
  try {
    if (signedIn) localStorage.setItem(KEY, "yes");
    else localStorage.removeItem(KEY);
  } catch {
    // As above.
  }
  for (const listener of listeners) listener();
}

export function useHasSignedIn(): boolean {
  return useSyncExternalStore(
    (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    () => hasSignedIn,
  );
}

/** The server asks for no token, whatever it did when it was last visited. */
export function forgetSession(): void {
  remember(false);
}

/** Goes on where one was: what is on screen is asked for anew. */
export function enter(queryClient: QueryClient): void {
  remember(true);
  goOn(queryClient);
}

function goOn(queryClient: QueryClient) {
  queryClient.resetQueries({ predicate: ({ state }) => state.data === undefined });
  queryClient.invalidateQueries();
  letIn();
}

/** Nothing of what was seen stays. */
export function leave(queryClient: QueryClient): void {
  remember(false);
  signedOut();
  queryClient.clear();
}

export const sessionQuery = queryOptions({
  queryKey: ["session"],
  queryFn: ({ signal }) => answer(client.GET("/api/session", { signal })),
  staleTime: Number.POSITIVE_INFINITY,
});

export function signIn(queryClient: QueryClient) {
  return mutationOptions({
    mutationFn: (token: string) => done(client.POST("/api/session", { body: { token } })),
    onSuccess: () => enter(queryClient),
    onError: (error) => {
      if (!(error instanceof ApiError) || error.status !== 409) return;
      // It was started anew since, without a token.
      forgetSession();
      goOn(queryClient);
    },
    meta: { tells: "signed in" },
    // The token was its argument.
    gcTime: 0,
  });
}

export function signOut(queryClient: QueryClient) {
  return mutationOptions({
    mutationFn: () => done(client.DELETE("/api/session")),
    onSuccess: () => leave(queryClient),
    meta: { tells: "signed out" },
  });
}

/** While the sign-in is shown nothing is forgotten, however long it takes: forms stand on it. */
export function useKeptAnswers(isShut: boolean) {
  const queryClient = useQueryClient();
  useEffect(() => {
    if (!isShut) return;
    const known = queryClient.getQueryCache().findAll({ predicate: hasData });
    const held = known.map(({ queryKey }) =>
      new QueryObserver(queryClient, { queryKey, enabled: false }).subscribe(() => {}),
    );
    return () => {
      for (const letGo of held) letGo();
    };
  }, [queryClient, isShut]);
}

function hasData({ state }: { state: { data: unknown } }): boolean {
  return state.data !== undefined;
}
