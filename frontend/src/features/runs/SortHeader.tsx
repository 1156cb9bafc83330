import css from "./SortHeader.module.css";
import type { RunSearch } from "./useRunSearch";

export const SORTS = [
  { key: "created_at", most: "newest first", least: "oldest first" },
  { key: "duration_seconds", most: "longest first", least: "shortest first" },
  { key: "total_tokens", most: "most tokens first", least: "fewest tokens first" },
  { key: "cost_usd", most: "dearest first", least: "cheapest first" },
] as const;

interface Props {
  by: (typeof SORTS)[number]["key"];
  search: RunSearch;
  className?: string | undefined;
  children: string;
}

export function SortHeader({ by, search, className, children }: Props) {
  const isDown = search.sort === `-${by}`;
  const isUp = search.sort === by;
  const order = isDown ? "descending" : isUp ? "ascending" : undefined;
  return (
    <th scope="col" className={className} aria-sort={order}>
      <button
        type="button"
        className={css.sort}
        onClick={() => search.setSort(isDown ? by : `-${by}`)}
      >
        {children}
        <span className={css.arrow} aria-hidden="true">
          {isDown ? "↓" : isUp ? "↑" : ""}
        </span>
      </button>
    </th>
  );
}
