import { isLive, type Phase, type RunDetail } from "../../../api/types";
import { formatCost, formatCount } from "../../../lib/format";
import { Missing } from "../../../ui/Figure";
import { whyNoCount } from "../missing";
import css from "./Produced.module.css";
import { Section } from "./Section";

interface Tile {
  name: string;
  phase: Phase;
  made: number | null;
}

/** Expected against made: what is short is said, not left to be noticed. */
export function Produced({ run }: { run: RunDetail }) {
  const tiles: Tile[] = [
    { name: "candidates", phase: "design", made: run.candidate_count },
    { name: "scenarios", phase: "scenarios", made: run.scenario_count },
    { name: "evaluations", phase: "evaluation", made: run.evaluation_count },
  ];
  return (
    <Section title="Produced">
      <dl className={css.tiles}>
        {tiles.map((tile) => (
          <Made key={tile.name} tile={tile} run={run} />
        ))}
        <Wasted run={run} />
      </dl>
    </Section>
  );
}

function Made({ tile, run }: { tile: Tile; run: RunDetail }) {
  const expected = run.metrics.resource_breakdown[tile.phase]?.expected ?? null;
  const isShort = !isLive(run) && expected !== null && tile.made !== null && tile.made < expected;
  return (
    <div>
      <dt>{tile.name}</dt>
      <dd>
        {tile.made === null ? <Missing why={whyNoCount(run)} /> : formatCount(tile.made)}
        {expected !== null && (
          <span className={isShort ? css.short : css.of}>
            of {formatCount(expected)}
            {isShort && tile.made !== null && `, ${formatCount(expected - tile.made)} missing`}
          </span>
        )}
      </dd>
    </div>
  );
}

function Wasted({ run }: { run: RunDetail }) {
  const total = run.llm_usage?.total;
  if (!total?.wasted_cost_usd) return null;
  return (
    <div>
      <dt>spent on unusable answers</dt>
      <dd>
        {formatCost(total.wasted_cost_usd)}
        <span className={css.of}>of {formatCost(total.cost_usd, total.unpriced_call_count)}</span>
      </dd>
    </div>
  );
}
