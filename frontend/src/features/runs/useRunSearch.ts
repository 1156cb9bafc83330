import { useMemo } from "react";
import { useLocation, useNavigate, useSearchParams } from "react-router";
import type { Mode, Status } from "../../api/types";
import type { RunQuery, SortKey } from "./queries";

export const STATUSES: readonly Status[] = [
  "running",
  "completed",
  "failed",
  "created",
  "cancelled",
];
export const MODES: readonly Mode[] = ["full_search", "seeded", "eval_only"];
export const PAGE_SIZE = 20;
const NEWEST_FIRST = "-created_at";
const SORT_KEYS: readonly SortKey[] = [
  "-created_at",
  "created_at",
  "-duration_seconds",
  "duration_seconds",
  "-total_tokens",
  "total_tokens",
  "-cost_usd",
  "cost_usd",
];

const FILTERS = ["q", "status", "since", "mode"] as const;
type Filter = (typeof FILTERS)[number];

/** The cursors of the pages before this one. It lives in the history entry, not in the address. */
interface PageTrail {
  trail?: (string | null)[];
}

/** Filters, order and page, all read from the address and written to it. */
export function useRunSearch() {
  const [params] = useSearchParams();
  const { state } = useLocation();
  const navigate = useNavigate();
  const search = params.toString();

  return useMemo(() => {
    const current = new URLSearchParams(search);
    const trail = (state as PageTrail | null)?.trail ?? [];
    const cursor = current.get("cursor");
    const status = current.getAll("status").filter(isStatus);
    const since = current.get("since");
    const mode = MODES.find((one) => one === current.get("mode"));
    const text = current.get("q")?.trim() ?? "";
    const sort = SORT_KEYS.find((key) => key === current.get("sort")) ?? NEWEST_FIRST;
    const isFiltered = FILTERS.some((name) => current.has(name));
    const query: RunQuery = { sort, limit: PAGE_SIZE };
    if (status.length > 0) query.status = status;
    if (since) query.since = since;
    if (mode) query.mode = mode;
    if (text) query.q = text;
    if (cursor) query.cursor = cursor;

    function go(next: URLSearchParams, pages: (string | null)[] = [], replace = false) {
      navigate({ search: next.toString() }, { state: { trail: pages }, replace });
    }

    function set(name: Filter | "sort", value: string, replace = false) {
      const next = new URLSearchParams(current);
      if (value) next.set(name, value);
      else next.delete(name);
      // Another question starts at its own first page.
      next.delete("cursor");
      go(next, [], replace);
    }

    function clear() {
      const next = new URLSearchParams(current);
      for (const name of [...FILTERS, "cursor"]) next.delete(name);
      go(next);
    }

    function turnTo(to: string | null, pages: (string | null)[]) {
      const next = new URLSearchParams(current);
      if (to) next.set("cursor", to);
      else next.delete("cursor");
      go(next, pages);
      window.scrollTo(0, 0);
    }

    return {
      query,
      sort,
      status: status[0] ?? "",
      since: since ?? "",
      mode: mode ?? "",
      text,
      isNarrowed: isFiltered || cursor !== null,
      isFiltered,
      isFirstPage: cursor === null,
      hasTrail: trail.length > 0,
      setStatus: (value: string) => set("status", value),
      setSince: (value: string) => set("since", value),
      setMode: (value: string) => set("mode", value),
      // Letter by letter it is one step of history.
      setText: (value: string) => set("q", value, text !== ""),
      setSort: (value: string) => set("sort", value === NEWEST_FIRST ? "" : value),
      clear,
      older: (to: string) => turnTo(to, [...trail, cursor]),
      newer: () => turnTo(trail.at(-1) ?? null, trail.slice(0, -1)),
    };
  }, [search, state, navigate]);
}

export type RunSearch = ReturnType<typeof useRunSearch>;

function isStatus(value: string): value is Status {
  return STATUSES.some((status) => status === value);
}
