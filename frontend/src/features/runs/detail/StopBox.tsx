import type { ReactNode } from "react";
import { PHASES, type Phase, type RunDetail } from "../../../api/types";
import { capitalize, formatCount, formatDuration, formatMoment } from "../../../lib/format";
import { lastGoodPhase } from "../waterfall";
import css from "./StopBox.module.css";

/** What stopped it, in which phase, why, what to do next, when; and how far it got. */
export function StopBox({ run }: { run: RunDetail }) {
  const { error } = run;
  const failed = run.status === "failed";
  const title = failed ? "Why it failed" : "Why it stopped";
  return (
    <section className={`${css.stop} ${failed ? css.failed : ""}`} aria-label={title}>
      <h3>{run.error_summary ?? `It ${run.status}, and no reason was recorded`}</h3>
      {run.ledger === "absent" ? (
        <p>It was imported, so it cannot be resumed here: start a new run instead.</p>
      ) : (
        error?.hint && <p>{error.hint}</p>
      )}
      <dl className={css.facts}>
        {error?.phase && <Fact name="Phase">{capitalize(error.phase)}</Fact>}
        {error?.occurred_at && <Fact name="When">{formatMoment(error.occurred_at)}</Fact>}
        <Fact name="Last good step">{lastGoodStep(run)}</Fact>
        {error && (
          <Fact name="Kind">
            <code>{error.kind}</code>
          </Fact>
        )}
      </dl>
      {error?.message && error.message !== run.error_summary && (
        <p className={css.message}>{error.message}</p>
      )}
    </section>
  );
}

function Fact({ name, children }: { name: string; children: ReactNode }) {
  return (
    <div>
      <dt>{name}</dt>
      <dd>{children}</dd>
    </div>
  );
}

function lastGoodStep(run: RunDetail): string {
  const saved = partlySaved(run);
  const phase = lastGoodPhase(run);
  if (!phase) return saved ?? "none: it stopped in the first phase";
  const took = formatDuration(run.metrics.phase_timings[phase]?.duration_seconds);
  const done = `${capitalize(phase)} (${took})`;
  return saved ? `${done}; ${saved}` : done;
}

const MADE: Record<Phase, string> = {
  design: "candidates",
  scenarios: "scenarios",
  evaluation: "evaluations",
  ranking: "ranks",
};

/** What the phase that stopped had saved by then. */
function partlySaved(run: RunDetail): string | null {
  const phase = PHASES.find((name) => run.metrics.phase_timings[name]?.status === run.status);
  const made = phase && run.metrics.resource_breakdown[phase];
  if (!phase || !made?.produced) return null;
  return `${formatCount(made.produced)} of ${formatCount(made.expected)} ${MADE[phase]} saved`;
}
