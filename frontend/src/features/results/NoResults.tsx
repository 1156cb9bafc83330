import { isLive, type RunDetail } from "../../api/types";
import { paths } from "../../lib/paths";
import { ButtonLink } from "../../ui/Button";
import { Notice } from "../../ui/Notice";

export function NoResults({ run }: { run: RunDetail }) {
  const { title, words } = whyNone(run);
  return (
    <Notice title={title}>
      <p>{words}</p>
      <ButtonLink to={paths.run(run.project_id, run.id)}>Open the run</ButtonLink>
    </Notice>
  );
}

function whyNone(run: RunDetail): { title: string; words: string } {
  // It may have made many: only its counts came along.
  if (run.ledger === "absent") {
    return {
      title: "The results of this run are not here",
      words: "It was imported with its totals alone. The run itself says how much it made.",
    };
  }
  if (isLive(run)) {
    return {
      title: "No candidates yet",
      words: "They appear here as soon as the design phase has made them.",
    };
  }
  return {
    title: "This run made no candidates",
    words: "There is nothing to rank. The run itself says how far it got, and why not further.",
  };
}
