import type { Run } from "../../api/types";
import { useNow } from "../../lib/useNow";

/**
 * When an answer was first seen. An answer that comes again unchanged (a 304) keeps its object and so
 * its moment, and a clock of the reader that is wrong does no harm.
 */
const firstSeen = new WeakMap<object, number>();

function seenAt(answer: object): number {
  const known = firstSeen.get(answer);
  if (known !== undefined) return known;
  const now = Date.now();
  firstSeen.set(answer, now);
  return now;
}

/** The duration of a run that is running, ticking on. */
export function useElapsed(run: Pick<Run, "duration_seconds">): number | null {
  const seen = seenAt(run);
  const now = useNow(1000);
  if (run.duration_seconds === null) return null;
  return run.duration_seconds + Math.max(0, now - seen) / 1000;
}
