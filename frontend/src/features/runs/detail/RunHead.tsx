import { isLive, type RunDetail } from "../../../api/types";
import { formatDuration, formatMoment } from "../../../lib/format";
import { paths } from "../../../lib/paths";
import { Button, ButtonLink } from "../../../ui/Button";
import { CopyButton } from "../../../ui/CopyButton";
import { Cost, Missing } from "../../../ui/Figure";
import { StatusMark } from "../../../ui/StatusMark";
import { When } from "../../../ui/When";
import { whyNoCost, whyNoDuration } from "../missing";
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
  const total = run.llm_usage?.total;
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
        <span title={formatMoment(run.created_at)}>
          <When at={run.created_at} />, {formatMoment(run.created_at)}
        </span>
        <span>{run.status === "running" ? <Elapsed run={run} /> : <Duration run={run} />}</span>
        <span>
          <Cost
            usd={total?.cost_usd}
            unpriced={total?.unpriced_call_count ?? 0}
            missing={whyNoCost(run)}
            soFar={isLive(run)}
            full
          />
          {isLive(run) && total?.cost_usd != null && " so far"}
        </span>
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

function Duration({ run }: { run: RunDetail }) {
  if (run.duration_seconds === null) return <Missing why={whyNoDuration(run)} />;
  return formatDuration(run.duration_seconds);
}
