import type { Run } from "../../api/types";
import { Button } from "../../ui/Button";
import { Notice } from "../../ui/Notice";
import { Skeleton } from "../../ui/Skeleton";
import table from "../../ui/Table.module.css";
import { RunRow } from "./RunRow";
import { walkRows } from "./rowKeys";
import { SortHeader } from "./SortHeader";
import type { RunSearch } from "./useRunSearch";

interface Props {
  runs: readonly Run[] | undefined;
  search: RunSearch;
  /** Rows of another question stand in until the answer comes. */
  isRenewing: boolean;
}

export function RunTable({ runs, search, isRenewing }: Props) {
  if (runs?.length === 0) return <NothingMatches search={search} />;
  const num = table.num;
  return (
    <table className={table.table} aria-label="Runs" aria-busy={!runs || isRenewing}>
      <thead>
        <tr>
          <th scope="col">Run</th>
          <th scope="col">Status</th>
          <SortHeader by="created_at" search={search}>
            Created
          </SortHeader>
          <SortHeader by="duration_seconds" search={search} className={num}>
            Duration
          </SortHeader>
          <th scope="col" className={num}>
            Candidates
          </th>
          <th scope="col" className={num}>
            Scenarios
          </th>
          <th scope="col" className={num}>
            Evaluations
          </th>
          <SortHeader by="total_tokens" search={search} className={num}>
            Tokens in → out
          </SortHeader>
          <SortHeader by="cost_usd" search={search} className={num}>
            Cost
          </SortHeader>
        </tr>
      </thead>
      {/* Rows hold links, which Tab reaches one by one; arrows are the quick way. */}
      <tbody onKeyDown={walkRows}>
        {runs ? runs.map((run) => <RunRow key={run.id} run={run} />) : <LoadingRows />}
      </tbody>
    </table>
  );
}

function LoadingRows() {
  return Array.from({ length: 8 }, (_, i) => (
    // biome-ignore lint/suspicious/noArrayIndexKey: the rows are all alike and never move
    <tr key={i}>
      <td className={table.wide} colSpan={9}>
        <Skeleton width={`${60 + ((i * 7) % 30)}%`} />
      </td>
    </tr>
  ));
}

function NothingMatches({ search }: { search: RunSearch }) {
  return (
    <Notice title={search.isFiltered ? "No run matches" : "No more runs"}>
      <p>
        {search.isFiltered
          ? "There are runs, but none that fits the search and all filters."
          : "This page lies beyond the oldest run."}
      </p>
      <Button onClick={search.clear}>Show all runs</Button>
    </Notice>
  );
}
