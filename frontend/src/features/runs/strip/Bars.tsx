import { formatCost, formatDuration } from "../../../lib/format";
import type { Bar, Measure } from "./bars";
import css from "./RunStrip.module.css";

const MARKS: Partial<Record<Bar["run"]["status"], string>> = {
  failed: "✕",
  cancelled: "⊘",
  running: "◐",
  created: "○",
};

/** So many places at least, so that a few bars are as slim as many. */
const PLACES = 30;

/** Where focus returns to when the dialog of a run closes that was opened here. */
export function barId(runId: string): string {
  return `bar-${runId}`;
}

interface Props {
  bars: readonly Bar[];
  measure: Measure;
  /** The bar that Tab comes to. */
  stop: string | undefined;
  active: string | undefined;
}

export function Bars({ bars, measure, stop, active }: Props) {
  const places = Math.max(PLACES, bars.length);
  return bars.map((bar) => (
    <span
      key={bar.run.id}
      id={barId(bar.run.id)}
      role="option"
      tabIndex={bar.run.id === stop ? 0 : -1}
      aria-selected={bar.run.id === active}
      aria-label={spoken(bar, measure)}
      data-run={bar.run.id}
      className={`${css.place} ${bar.run.id === active ? css.active : ""}`}
      style={{ width: `${100 / places}%` }}
    >
      {bar.band && (
        <span
          className={css.band}
          style={{ "--from": bar.band.from, "--to": bar.band.to } as React.CSSProperties}
        />
      )}
      <i
        className={[css.bar, css[bar.run.status], look(bar)].join(" ")}
        style={{ height: `${(bar.height ?? 0) * 100}%` }}
      />
      <span className={`${css.mark} ${bar.run.status === "failed" ? css.bad : ""}`}>
        {MARKS[bar.run.status]}
      </span>
    </span>
  ));
}

function look({ height, isCut }: Bar): string | undefined {
  if (height === null) return css.unknown;
  return isCut ? css.cut : "";
}

function spoken({ run, isAbove }: Bar, measure: Measure): string {
  const figure =
    measure === "cost_usd"
      ? formatCost(run.cost_usd, run.unpriced_call_count)
      : formatDuration(run.duration_seconds);
  const known = run[measure] === null ? "not known" : figure;
  return `#${run.number}, ${run.status}, ${known}${isAbove ? ", above the usual" : ""}`;
}
