import type { RunPage } from "../../api/types";
import { plural, timeZone } from "../../lib/format";
import { Button } from "../../ui/Button";
import { When } from "../../ui/When";
import css from "./Pager.module.css";
import type { RunSearch } from "./useRunSearch";

interface Props {
  page: RunPage;
  search: RunSearch;
  /** When the server said so, by the clock of this computer. */
  asOf: number;
}

export function Pager({ page, search, asOf }: Props) {
  const { next_cursor: next } = page;
  return (
    <nav className={css.foot} aria-label="Pages">
      <span>
        {plural(page.runs.length, "row")} · times in {timeZone()} · as of{" "}
        <When at={new Date(asOf).toISOString()} />
      </span>
      {(next || !search.isFirstPage) && (
        <span className={css.buttons}>
          <Button disabled={search.isFirstPage} onClick={search.newer}>
            ← {search.hasTrail || search.isFirstPage ? "Previous" : "First page"}
          </Button>
          <Button disabled={!next} onClick={() => next && search.older(next)}>
            Next →
          </Button>
        </span>
      )}
    </nav>
  );
}
