import { isLive, type RunDetail } from "../../api/types";
import { paths } from "../../lib/paths";
import { ButtonLink } from "../../ui/Button";
import { Notice } from "../../ui/Notice";

export function NoResults({ run }: { run: RunDetail }) {
  const live = isLive(run);
  return (
    <Notice title={live ? "No candidates yet" : "This run made no candidates"}>
      <p>
        {live
          ? "They appear here as soon as the design phase has made them."
          : "There is nothing to rank. The run itself says how far it got, and why not further."}
      </p>
      <ButtonLink to={paths.run(run.project_id, run.id)}>Open the run</ButtonLink>
    </Notice>
  );
}
