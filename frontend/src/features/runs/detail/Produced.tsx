import { isLive, type Phase, type RunDetail } from "../../../api/types";
import { formatCount, formatShare } from "../../../lib/format";
import { Cost, Missing } from "../../../ui/Figure";
import { whyNoCount } from "../missing";
import css from "./Produced.module.css";
import { Section } from "./Section";
import { isShortfall } from "./shortfall";

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
    <Section title="Produced, and at what price">
      <dl className={css.tiles}>
        {tiles.map((tile) => (
          <Made key={tile.name} tile={tile} run={run} />
        ))}
        <Spent run={run} />
      </dl>
      {run.metrics.notes.filter(isShortfall).map((note) => (
        <p key={note} className={css.note}>
          {note}
        </p>
      ))}
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

/** What it cost, set against what it made. */
function Spent({ run }: { run: RunDetail }) {
  const { spend } = run;
  const unpriced = isLive(run) ? 0 : spend.unpriced_call_count;
  // Where only refused calls have a price, 0 is what it cost at least: nothing to divide.
  const isBound = spend.cost_usd === 0 && spend.unpriced_call_count > 0;
  const each = [
    { name: "per evaluation", usd: spend.cost_per_evaluation_usd },
    { name: "per ranked candidate", usd: spend.cost_per_candidate_usd },
  ];
  return (
    <>
      {each.map(
        ({ name, usd }) =>
          usd !== null &&
          !isBound && (
            <div key={name}>
              <dt>{name}</dt>
              <dd>
                <Cost usd={usd} unpriced={unpriced} fine />
              </dd>
            </div>
          ),
      )}
      {spend.wasted_cost_usd ? (
        <div>
          <dt>spent on unusable answers</dt>
          <dd>
            <Cost usd={spend.wasted_cost_usd} fine />
            <span className={css.short}>{formatShare(spend.wasted_share, 1)} of the cost</span>
          </dd>
        </div>
      ) : null}
    </>
  );
}
