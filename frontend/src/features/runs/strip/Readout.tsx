import { formatCost, formatDuration, formatRange } from "../../../lib/format";
import { Cost } from "../../../ui/Figure";
import { Skeleton } from "../../../ui/Skeleton";
import { StatusMark } from "../../../ui/StatusMark";
import { When } from "../../../ui/When";
import type { Bar, Measure } from "./bars";
import css from "./RunStrip.module.css";

interface Props {
  bar: Bar | undefined;
  measure: Measure;
  /** What stands there while no run is pointed at. */
  words: string | null;
}

/** A tooltip that covers nothing: the figures of the run that is pointed at. */
export function Readout({ bar, measure, words }: Props) {
  if (!bar) return <p className={css.words}>{words ?? <Skeleton width="16em" />}</p>;
  const { run } = bar;
  return (
    <p className={css.words}>
      <b>#{run.number}</b>
      <StatusMark status={run.status} />
      <span>{formatDuration(run.duration_seconds)}</span>
      <Cost usd={run.cost_usd} unpriced={run.unpriced_call_count} />
      {bar.usual && <span className={bar.isAbove ? css.above : ""}>{usually(bar, measure)}</span>}
      <When at={run.created_at} />
      {run.error_kind && <span>{run.error_kind.replaceAll("_", " ")}</span>}
    </p>
  );
}

function usually({ usual, isAbove }: Bar, measure: Measure): string {
  const format =
    measure === "cost_usd" ? (usd: number | null | undefined) => formatCost(usd) : formatDuration;
  const range = formatRange({ p50: usual?.from ?? null, p90: usual?.to ?? null }, format);
  return isAbove ? `▲ usually ${range}` : `usually ${range}`;
}
