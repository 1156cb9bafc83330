import type { RunPage } from "../../api/types";
import { plural, timeZone } from "../../lib/format";
import { Button } from "../../ui/Button";
import css from "./Pager.module.css";
import type { RunSearch } from "./useRunSearch";

export function Pager({ page, search }: { page: RunPage; search: RunSearch }) {
  const { next_cursor: next } = page;
  return (
    <nav className={css.foot} aria-label="Pages">
      <span>
        {plural(page.runs.length, "row")} · times in {timeZone()}
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
