import type { Comparison } from "../../api/types";
import {
  formatCount,
  formatDelta,
  formatDuration,
  formatFineCost,
  formatScore,
  formatTokens,
} from "../../lib/format";
import { Missing } from "../../ui/Figure";
import css from "./Tiles.module.css";
import { whyNoDifference } from "./unpriced";

/** The differences that are asked for first. */
export function Tiles({ comparison }: { comparison: Comparison }) {
  const { duration_seconds: time, cost_usd: cost, counts, best_I: best } = comparison;
  const unpriced = [cost.base_unpriced_call_count, cost.head_unpriced_call_count] as const;
  return (
    <dl className={css.tiles}>
      <Tile name="duration" pair={time} format={formatDuration} />
      <Tile
        name="cost"
        pair={cost}
        format={formatFineCost}
        unpriced={unpriced}
        noDelta={cost.delta === null ? null : whyNoDifference(comparison)}
      />
      <Tile name="tokens" pair={counts.total_tokens} format={formatTokens} />
      <Tile name="evaluations" pair={counts.evaluation_count} format={formatCount} />
      {(best.base ?? best.head) !== null && (
        <Tile name="best I" pair={best} format={formatScore} none="none" />
      )}
    </dl>
  );
}

interface TileProps {
  name: string;
  pair: { base: number | null; head: number | null; delta: number | null };
  format: (value: number | null) => string;
  /** Calls of base and head whose price is not known: the figure of that side is a lower bound. */
  unpriced?: readonly [number, number];
  /** Why the difference of two figures tells nothing. */
  noDelta?: string | null;
  none?: string;
}

function Tile(props: TileProps) {
  const { name, pair, format, unpriced = [0, 0], noDelta, none = "unknown" } = props;
  function side(value: number | null, gaps: number) {
    if (value === null) return none;
    return `${gaps > 0 ? "≥ " : ""}${format(value)}`;
  }
  const oneSided = none === "unknown" ? "Not known of both runs" : "Not there in both runs";
  const missing = noDelta ?? (pair.delta === null ? oneSided : null);
  return (
    <div>
      <dt>{name}</dt>
      <dd>
        {missing ? <Missing why={missing} /> : formatDelta(pair.delta, format)}
        <span className={css.sides}>
          {side(pair.base, unpriced[0])} → {side(pair.head, unpriced[1])}
        </span>
      </dd>
    </div>
  );
}
