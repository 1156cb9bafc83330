import { isLive, type RunDetail } from "../../../api/types";
import { Calls } from "./Calls";
import { EstimateCheck } from "./EstimateCheck";
import { PhaseTable } from "./PhaseTable";
import { Produced } from "./Produced";
import { ProgressBox } from "./ProgressBox";
import { Provenance } from "./Provenance";
import { RunHead } from "./RunHead";
import { StopBox } from "./StopBox";
import { UsageByPhase } from "./UsageByPhase";
import type { Step } from "./useDialogRoute";

interface Props {
  run: RunDetail;
  step: Step;
  onClose: () => void;
}

/** In the order of the questions: what is it, what went wrong, where did time and money go. */
export function RunReport({ run, step, onClose }: Props) {
  return (
    <>
      <RunHead run={run} step={step} onClose={onClose} />
      {isLive(run) && <ProgressBox run={run} />}
      {(run.status === "failed" || run.status === "cancelled") && <StopBox run={run} />}
      <PhaseTable run={run} />
      <UsageByPhase run={run} />
      <EstimateCheck run={run} />
      <Produced run={run} />
      <Calls runId={run.id} live={isLive(run)} ledger={run.ledger} />
      <Provenance run={run} />
    </>
  );
}
