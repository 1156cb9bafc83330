import { Link, useLocation } from "react-router";
import type { LastFailure } from "../../api/types";
import { paths } from "../../lib/paths";
import { When } from "../../ui/When";
import css from "./AnswersStrip.module.css";

interface Props {
  projectId: string;
  failure: LastFailure | null;
}

export function LastFailed({ projectId, failure }: Props) {
  const { search } = useLocation();
  if (!failure) {
    return (
      <>
        <p className={css.big}>None</p>
        <p className={css.words}>No run of this project has failed.</p>
      </>
    );
  }
  const reason = failure.error_summary ?? "No reason was recorded";
  return (
    <>
      <p className={css.big}>
        <Link
          to={{ pathname: paths.run(projectId, failure.run_id), search }}
          state={{ fromList: true }}
        >
          #{failure.number}
        </Link>
        <span className={css.rest}>
          {failure.completed_at && (
            <>
              {" · "}
              <When at={failure.completed_at} />
            </>
          )}
          {failure.phase && ` · in ${failure.phase}`}
        </span>
      </p>
      <p className={`${css.words} ${css.bad}`} title={reason}>
        {reason}
      </p>
    </>
  );
}
