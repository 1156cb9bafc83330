import type { RunPage } from "../../api/types";
import { plural } from "../../lib/format";
import { Button } from "../../ui/Button";
import { SearchField } from "../../ui/SearchField";
import { Select } from "../../ui/Select";
import css from "./RunFilters.module.css";
import { SORTS } from "./SortHeader";
import { MODES, type RunSearch, STATUSES } from "./useRunSearch";

const SPANS = [
  ["1h", "last hour"],
  ["24h", "last 24 hours"],
  ["7d", "last 7 days"],
  ["30d", "last 30 days"],
] as const;

interface Props {
  search: RunSearch;
  page: RunPage | undefined;
}

export function RunFilters({ search, page }: Props) {
  const isCustomSpan = search.since && !SPANS.some(([value]) => value === search.since);
  return (
    <search className={css.tools} aria-label="Filter runs">
      <SearchField label="Search label and reason" value={search.text} onChange={search.setText} />
      <Select label="Status" value={search.status} onChange={search.setStatus}>
        <option value="">all</option>
        {STATUSES.map((status) => (
          <option key={status}>{status}</option>
        ))}
      </Select>
      <Select label="Since" value={search.since} onChange={search.setSince}>
        <option value="">any time</option>
        {isCustomSpan && <option value={search.since}>{search.since}</option>}
        {SPANS.map(([value, words]) => (
          <option key={value} value={value}>
            {words}
          </option>
        ))}
      </Select>
      <Select label="Mode" value={search.mode} onChange={search.setMode}>
        <option value="">any</option>
        {MODES.map((mode) => (
          <option key={mode} value={mode}>
            {mode.replaceAll("_", " ")}
          </option>
        ))}
      </Select>
      <span className={css.narrow}>
        <Select label="Sort" value={search.sort} onChange={search.setSort}>
          {SORTS.flatMap(({ key, most, least }) => [
            <option key={`-${key}`} value={`-${key}`}>
              {most}
            </option>,
            <option key={key} value={key}>
              {least}
            </option>,
          ])}
        </Select>
      </span>
      {search.isNarrowed && (
        <Button kind="quiet" onClick={search.clear}>
          Clear
        </Button>
      )}
      <span className={css.total} role="status">
        {page && (page.total === null ? "1,000+ runs" : plural(page.total, "run"))}
      </span>
    </search>
  );
}
