import { useSyncExternalStore } from "react";

/**
 * Whether the server waits for its access token. Nobody asks it at each visit: a server that needs
 * none never says 401, and one that does says so to the first question.
 */
let isShut = false;
/** Counts sign-ins and sign-outs: a 401 to what was asked before one says nothing about after it. */
let era = 0;
/** Counts sign-outs: what was on screen before one is not shown after it. */
let visit = 0;
const listeners = new Set<() => void>();

export function currentEra(): number {
  return era;
}

/** A question of that era was refused for want of the token. */
export function shutOut(asked: number): void {
  if (asked === era) change(true);
}

export function letIn(): void {
  era += 1;
  change(false);
}

export function signedOut(): void {
  era += 1;
  visit += 1;
  change(true);
}

export function useIsShut(): boolean {
  return useSyncExternalStore(onChange, () => isShut);
}

export function useVisit(): number {
  return useSyncExternalStore(onChange, () => visit);
}

function change(shut: boolean) {
  isShut = shut;
  for (const listener of listeners) listener();
}

/** Tells before anything is drawn anew. */
export function onChange(listener: () => void) {
  listeners.add(listener);
  return () => {
    listeners.delete(listener);
  };
}
