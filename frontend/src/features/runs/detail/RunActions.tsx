import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { isLive, type RunDetail } from "../../../api/types";
import { paths } from "../../../lib/paths";
import { Button, ButtonLink } from "../../../ui/Button";
import { cancelRun, resumeRun } from "../queries";
import { ResumeDialog } from "./ResumeDialog";
import css from "./RunActions.module.css";

const OPEN_RESULTS = (
  <span>
    <span className={css.more}>Open</span> <span className={css.word}>results</span>
  </span>
);

/** The way on for a run that ended well; of one that stopped short the results are part of a whole. */
export function OpenResults({ run }: { run: RunDetail }) {
  const why = whyNoResults(run);
  if (why) {
    return (
      <Button aria-disabled="true" title={why}>
        {OPEN_RESULTS}
      </Button>
    );
  }
  return (
    <ButtonLink kind={run.status === "completed" ? "primary" : "plain"} to={paths.results(run.id)}>
      {OPEN_RESULTS}
    </ButtonLink>
  );
}

function whyNoResults(run: RunDetail): string | null {
  if (run.ledger === "absent") return "This run was imported with its totals alone";
  return isLive(run) || run.candidate_count ? null : "This run made no candidates";
}

/** A live run can be cancelled, one that stopped short can go on. */
export function RunActions({ run }: { run: RunDetail }) {
  if (isLive(run)) return <Cancel runId={run.id} />;
  if (!canResume(run)) return null;
  // Within the limits it has it would stop at the same place.
  if (run.error?.kind === "budget_exceeded") return <ResumeBeyond run={run} />;
  return <Resume runId={run.id} />;
}

function canResume({ status, ledger }: RunDetail): boolean {
  return (status === "failed" || status === "cancelled") && ledger !== "absent";
}

const MISSING_ONLY = "Does and pays for only what is missing";

function Cancel({ runId }: { runId: string }) {
  const cancel = useMutation(cancelRun(useQueryClient(), runId));
  const isOnItsWay = cancel.isPending || cancel.isSuccess;
  return (
    <>
      <Button disabled={isOnItsWay} onClick={() => cancel.mutate()}>
        {isOnItsWay ? (
          "Cancelling…"
        ) : (
          <span>
            Cancel <span className={css.more}>run</span>
          </span>
        )}
      </Button>
      <Refusal error={cancel.error} />
    </>
  );
}

function Resume({ runId }: { runId: string }) {
  const resume = useMutation(resumeRun(useQueryClient(), runId));
  return (
    <>
      <Button
        kind="primary"
        disabled={resume.isPending}
        title={MISSING_ONLY}
        onClick={() => resume.mutate(null)}
      >
        Resume
      </Button>
      <Refusal error={resume.error} />
    </>
  );
}

function ResumeBeyond({ run }: { run: RunDetail }) {
  const [isAsking, setAsking] = useState(false);
  return (
    <>
      <Button
        kind="primary"
        aria-haspopup="dialog"
        title={MISSING_ONLY}
        onClick={() => setAsking(true)}
      >
        Resume…
      </Button>
      {isAsking && <ResumeDialog run={run} onClose={() => setAsking(false)} />}
    </>
  );
}

function Refusal({ error }: { error: Error | null }) {
  if (!error) return null;
  return (
    <span role="alert" className={css.refusal}>
      {error.message}
    </span>
  );
}
