import { useEffect, useRef, useState } from "react";
import type { Run, Status } from "../../api/types";

type Told = Pick<Run, "id" | "number" | "status" | "error_summary">;

/** What became of the runs since they were last looked at, in a sentence; empty when nothing did. */
export function useRunNews(runs: readonly Told[]): string {
  const [news, setNews] = useState("");
  const seen = useRef(new Map<string, Status>());
  useEffect(() => {
    const words = whatIsNew(seen.current, runs);
    for (const run of runs) seen.current.set(run.id, run.status);
    if (words) setNews(words);
  }, [runs]);
  return news;
}

export function whatIsNew(seen: ReadonlyMap<string, Status>, runs: readonly Told[]): string {
  return runs
    .filter(({ id, status }) => seen.has(id) && seen.get(id) !== status)
    .map(({ number, status, error_summary: why }) =>
      status === "failed" && why ? `Run ${number} failed. ${why}.` : `Run ${number} is ${status}.`,
    )
    .join(" ");
}
