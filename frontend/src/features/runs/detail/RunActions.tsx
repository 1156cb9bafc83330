import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { isLive, type RunDetail } from "../../../api/types";
import { Button } from "../../../ui/Button";
import { cancelRun, resumeRun } from "../queries";
import { ResumeDialog } from "./ResumeDialog";
import css from "./RunActions.module.css";

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
        {isOnItsWay ? "Cancelling…" : "Cancel run"}
      </Button>
      <Refusal error={cancel.error} />
    </>
  );
}

function Resume({ runId }: { runId: string }) {
  const resume = useMutation(resumeRun(useQueryClient(), runId));
  return (
    <>
      <Button disabled={resume.isPending} title={MISSING_ONLY} onClick={() => resume.mutate(null)}>
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
      <Button aria-haspopup="dialog" title={MISSING_ONLY} onClick={() => setAsking(true)}>
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
