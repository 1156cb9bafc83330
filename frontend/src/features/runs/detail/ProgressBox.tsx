import type { RunDetail } from "../../../api/types";
import { capitalize, formatCount, formatDuration } from "../../../lib/format";
import { Cost, Missing } from "../../../ui/Figure";
import { whyNoCost, whyNoDuration } from "../missing";
import { Elapsed } from "./Elapsed";
import css from "./ProgressBox.module.css";

/** How far a live run has come: where a failed one says why it failed. */
export function ProgressBox({ run }: { run: RunDetail }) {
  const { phase, done = 0, expected } = run.progress ?? {};
  const name = phase ? capitalize(phase) : "Waiting to begin";
  const count = expected ? `${formatCount(done)} / ${formatCount(expected)}` : formatCount(done);
  return (
    <section className={css.box} aria-label="Progress">
      <h3>{phase ? `${name} ${count}` : name}</h3>
      <Facts run={run} />
      <progress value={expected ? done : undefined} max={expected ?? undefined} aria-label={name} />
    </section>
  );
}

function Facts({ run }: { run: RunDetail }) {
  const usd = run.llm_usage?.total.cost_usd;
  return (
    <dl className={css.facts}>
      <div>
        <dt>Elapsed</dt>
        <dd>{run.status === "running" ? <Elapsed run={run} /> : <Earlier run={run} />}</dd>
      </div>
      <div>
        <dt>Spent so far</dt>
        <dd>
          <Cost usd={usd} missing={whyNoCost(run)} soFar />
        </dd>
      </div>
    </dl>
  );
}

/** Of a run that waits: what its earlier attempts took. */
function Earlier({ run }: { run: RunDetail }) {
  if (run.duration_seconds === null) return <Missing why={whyNoDuration(run)} />;
  return formatDuration(run.duration_seconds);
}
