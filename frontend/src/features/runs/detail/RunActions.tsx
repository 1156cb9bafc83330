import { useMutation, useQueryClient } from "@tanstack/react-query";
import { isLive, type RunDetail } from "../../../api/types";
import { Button } from "../../../ui/Button";
import { cancelRun, resumeRun } from "../queries";
import css from "./RunActions.module.css";

/** A live run can be cancelled, one that stopped short can go on. */
export function RunActions({ run }: { run: RunDetail }) {
  if (isLive(run)) return <Cancel runId={run.id} />;
  return canResume(run) ? <Resume runId={run.id} /> : null;
}

function canResume({ status, ledger, error }: RunDetail): boolean {
  const stoppedShort = status === "failed" || status === "cancelled";
  // Beyond its budget it needs a larger one, and the page has no form for that.
  return stoppedShort && ledger !== "absent" && error?.kind !== "budget_exceeded";
}

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
      <Button
        disabled={resume.isPending}
        title="Does and pays for only what is missing"
        onClick={() => resume.mutate()}
      >
        Resume
      </Button>
      <Refusal error={resume.error} />
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
