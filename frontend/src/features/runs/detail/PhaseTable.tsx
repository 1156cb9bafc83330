import { isLive, type RunDetail } from "../../../api/types";
import {
  capitalize,
  formatCount,
  formatDuration,
  formatElapsed,
  formatShare,
  MISSING,
} from "../../../lib/format";
import { useNow } from "../../../lib/useNow";
import { Cost, Tokens } from "../../../ui/Figure";
import { type PhaseRow, waterfall } from "../waterfall";
import css from "./PhaseTable.module.css";
import { Section } from "./Section";

/** The waterfall: one row a phase on a true time axis. */
export function PhaseTable({ run }: { run: RunDetail }) {
  return isLive(run) ? <Ticking run={run} /> : <Rows run={run} now={0} />;
}

function Ticking({ run }: { run: RunDetail }) {
  return <Rows run={run} now={useNow(1000)} />;
}

function Rows({ run, now }: { run: RunDetail; now: number }) {
  const { rows, seconds, took } = waterfall(run, now);
  return (
    <Section title="Phases">
      <table className={css.phases}>
        <thead>
          <tr>
            <th scope="col">Phase</th>
            <th scope="col" className={css.axis}>
              <span>0s</span>
              <span>{seconds > 0 && (isLive(run) ? formatElapsed : formatDuration)(seconds)}</span>
            </th>
            <th scope="col">Took</th>
            <th scope="col">Share</th>
            <th scope="col">Calls</th>
            <th scope="col">Retries</th>
            <th scope="col">Tokens</th>
            <th scope="col">Cost</th>
          </tr>
        </thead>
        <tbody>
          {rows.map((row) =>
            row.timing ? (
              <Begun key={row.phase} row={row} took={took} />
            ) : (
              <NotBegun key={row.phase} row={row} live={isLive(run)} />
            ),
          )}
        </tbody>
      </table>
      {run.attempt > 1 && (
        <p className={css.note}>
          {formatCount(run.attempt)} attempts: the bars span the pauses between
        </p>
      )}
    </Section>
  );
}

function NotBegun({ row, live }: { row: PhaseRow; live: boolean }) {
  return (
    <tr className={css.idle}>
      <th scope="row">{capitalize(row.phase)}</th>
      <td colSpan={7} className={css.words}>
        {live ? "not yet begun" : "did not begin"}
      </td>
    </tr>
  );
}

function Begun({ row, took }: { row: PhaseRow; took: number }) {
  const state = row.state ?? "completed";
  const running = state === "running";
  const { usage } = row;
  return (
    <tr className={css[state]}>
      <th scope="row">
        {state === "failed" && <span aria-hidden="true">✕ </span>}
        {capitalize(row.phase)}
        {state !== "completed" && <span className={css.state}> {state}</span>}
      </th>
      <td className={css.track}>
        <span className={css.lane}>
          <span
            className={css.bar}
            style={{ left: `min(${row.start * 100}%, 100% - 3px)`, width: `${row.width * 100}%` }}
          />
        </span>
      </td>
      <td className={css.took}>
        {running ? formatElapsed(row.duration) : formatDuration(row.duration)}
      </td>
      <td data-label="of the time">{formatShare(row.duration, took)}</td>
      <td data-label={row.calls === 1 ? "call" : "calls"}>{formatCount(row.calls)}</td>
      <td data-label={row.retries === 1 ? "retry" : "retries"}>{formatCount(row.retries)}</td>
      <td data-label="tokens" className={row.calls === 0 ? css.none : undefined}>
        {row.calls === 0 ? (
          <NoCalls />
        ) : (
          <Tokens
            input={usage?.input_tokens}
            output={usage?.output_tokens}
            unmetered={usage?.unmetered_call_count ?? 0}
          />
        )}
      </td>
      <td className={row.calls === 0 ? css.none : undefined}>
        {row.calls === 0 ? (
          <NoCalls />
        ) : (
          <Cost usd={usage?.cost_usd} unpriced={usage?.unpriced_call_count ?? 0} soFar={running} />
        )}
      </td>
    </tr>
  );
}

function NoCalls() {
  return <span title="This phase calls no model">{MISSING}</span>;
}
