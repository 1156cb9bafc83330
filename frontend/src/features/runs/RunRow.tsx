import type { MouseEvent } from "react";
import { Link, type To, useLocation, useNavigate } from "react-router";
import { isLive, type Run } from "../../api/types";
import { formatCount, formatDuration, formatElapsed } from "../../lib/format";
import { paths } from "../../lib/paths";
import { Cost, Missing, Tokens } from "../../ui/Figure";
import { StatusMark } from "../../ui/StatusMark";
import table from "../../ui/Table.module.css";
import { When } from "../../ui/When";
import { whyNoCost, whyNoCount, whyNoDuration, whyNoTokens } from "./missing";
import css from "./RunRow.module.css";
import { useElapsed } from "./useElapsed";

/** Where focus returns to when the dialog of a run closes. */
export function runLinkId(runId: string): string {
  return `run-${runId}`;
}

export function RunRow({ run }: { run: Run }) {
  const { search } = useLocation();
  const to = { pathname: paths.run(run.project_id, run.id), search };
  const openRow = useRowClick(to);
  const total = run.llm_usage?.total;
  return (
    // The link inside is the keyboard's way; the row only widens the target for a mouse.
    <tr className={css.row} onClick={openRow}>
      <td className={`${table.wide} ${css.name}`}>
        <span className={css.title}>
          <Link id={runLinkId(run.id)} className={css.id} to={to} state={{ fromList: true }}>
            #{run.number}
          </Link>{" "}
          {run.label && (
            <span className={css.label} dir="auto" title={run.label}>
              {run.label}
            </span>
          )}
        </span>{" "}
        {run.error_summary && (
          <span className={`${css.why} ${run.status === "failed" ? css.bad : ""}`}>
            <span title={run.error_summary}>{run.error_summary}</span>
          </span>
        )}
      </td>
      <td className={css.status}>
        <StatusMark status={run.status} />
        {isLive(run) && <Progress run={run} />}
      </td>
      <td className={css.when}>
        <When at={run.created_at} />
      </td>
      <td className={`${table.num} ${css.when} ${css.took}`}>
        {run.status === "running" ? <Elapsed run={run} /> : <Duration run={run} />}
      </td>
      <Count run={run} value={run.candidate_count} label="cand." />
      <Count run={run} value={run.scenario_count} label="scen." />
      <Count run={run} value={run.evaluation_count} label="eval." />
      <td className={`${table.num} ${css.count} ${css.tokens}`}>
        <Tokens
          input={total?.input_tokens}
          output={total?.output_tokens}
          unmetered={total?.unmetered_call_count ?? 0}
          missing={whyNoTokens(run)}
        />
      </td>
      <td className={`${table.num} ${css.cost}`}>
        <Cost
          usd={total?.cost_usd}
          unpriced={total?.unpriced_call_count ?? 0}
          missing={whyNoCost(run)}
          soFar={isLive(run)}
        />
      </td>
    </tr>
  );
}

function Count({ run, value, label }: { run: Run; value: number | null; label: string }) {
  return (
    <td className={`${table.num} ${css.count}`} data-label={label}>
      {value === null ? <Missing why={whyNoCount(run)} /> : formatCount(value)}
    </td>
  );
}

function Duration({ run }: { run: Run }) {
  if (run.duration_seconds === null) return <Missing why={whyNoDuration(run)} />;
  return formatDuration(run.duration_seconds);
}

function Elapsed({ run }: { run: Run }) {
  const elapsed = useElapsed(run);
  if (elapsed === null) return <Missing why={whyNoDuration(run)} />;
  return formatElapsed(elapsed);
}

function Progress({ run }: { run: Run }) {
  const progress = run.progress;
  if (!progress?.phase) return null;
  const { phase, done, expected } = progress;
  return (
    <span className={css.progress}>
      <progress
        value={expected ? done : undefined}
        max={expected ?? undefined}
        aria-label={phase}
      />
      <span>
        {phase} {expected ? `${done} / ${expected}` : done}
      </span>
    </span>
  );
}

/** A click anywhere in a row opens it, unless it selects text or hits something of its own. */
function useRowClick(to: To) {
  const navigate = useNavigate();
  return (event: MouseEvent<HTMLElement>) => {
    const isPlain = !event.defaultPrevented && !event.metaKey && !event.ctrlKey && !event.shiftKey;
    const onLink = event.target instanceof Element && event.target.closest("a");
    if (isPlain && !onLink && !window.getSelection()?.toString()) {
      navigate(to, { state: { fromList: true } });
    }
  };
}
