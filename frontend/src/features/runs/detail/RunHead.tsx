import { isLive, type RunDetail } from "../../../api/types";
import { formatDuration } from "../../../lib/format";
import { paths } from "../../../lib/paths";
import { Button, ButtonLink } from "../../../ui/Button";
import { CopyButton } from "../../../ui/CopyButton";
import { Cost } from "../../../ui/Figure";
import { StatusMark } from "../../../ui/StatusMark";
import { When } from "../../../ui/When";
import { Elapsed } from "./Elapsed";
import { servedBy } from "./models";
import { OpenResults, RunActions } from "./RunActions";
import actions from "./RunActions.module.css";
import css from "./RunHead.module.css";
import type { Step } from "./useDialogRoute";

interface Props {
  run: RunDetail;
  step: Step;
  onClose: () => void;
}

export function RunHead({ run, step, onClose }: Props) {
  return (
    <header className={css.head}>
      <div className={css.line}>
        <h2 className={css.number}>#{run.number}</h2>
        <StatusMark status={run.status} />
        <span className={css.actions}>
          <ButtonLink to={paths.compare(run.project_id, run.id)}>
            <span>
              Compare <span className={actions.more}>with…</span>
            </span>
          </ButtonLink>
          <CopyButton text={() => JSON.stringify(run, null, 2)}>
            Copy <span className={actions.more}>as JSON</span>
          </CopyButton>
          <OpenResults run={run} />
          <RunActions run={run} />
        </span>
        <span className={css.corner}>
          <Stepper step={step} />
          <Button kind="quiet" onClick={onClose} aria-label="Close" title="Close (Esc)">
            <span aria-hidden="true">✕</span>
          </Button>
        </span>
      </div>
      <p className={css.facts}>
        {run.label && (
          <span className={css.label} dir="auto" title={run.label}>
            {run.label}
          </span>
        )}
        <When at={run.created_at} />
        <Took run={run} />
        <Spent run={run} />
        {servedBy(run).map((model) => (
          <span key={model} title={`Asked for ${run.config.model}`}>
            {model}
          </span>
        ))}
      </p>
    </header>
  );
}

function Stepper({ step }: { step: Step }) {
  return (
    <>
      <Button
        kind="quiet"
        disabled={!step.previous}
        onClick={() => step.previous?.()}
        aria-label="Previous run in the list"
        aria-keyshortcuts="k"
        title="Previous run in the list (k)"
      >
        <span aria-hidden="true">↑</span>
      </Button>
      <Button
        kind="quiet"
        disabled={!step.next}
        onClick={() => step.next?.()}
        aria-label="Next run in the list"
        aria-keyshortcuts="j"
        title="Next run in the list (j)"
      >
        <span aria-hidden="true">↓</span>
      </Button>
    </>
  );
}

/** A line that is read as a sentence leaves out what is not known; the sections below say why. */
function Took({ run }: { run: RunDetail }) {
  if (run.duration_seconds === null) return null;
  return (
    <span>
      {run.status === "running" ? <Elapsed run={run} /> : formatDuration(run.duration_seconds)}
    </span>
  );
}

function Spent({ run }: { run: RunDetail }) {
  const total = run.llm_usage?.total;
  if (total?.cost_usd == null) return null;
  const live = isLive(run);
  return (
    <span>
      <Cost usd={total.cost_usd} unpriced={total.unpriced_call_count} soFar={live} full />
      {live && " so far"}
    </span>
  );
}
