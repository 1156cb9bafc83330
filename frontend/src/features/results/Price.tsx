import type { ReactNode } from "react";
import type { Results, RunDetail, Spend } from "../../api/types";
import { formatCount, plural } from "../../lib/format";
import { Cost, Missing } from "../../ui/Figure";
import css from "./Price.module.css";

const UNKNOWN = "No price is known for the calls of this run";

/** How complete the ranking is, and what it cost. */
export function Price({ run, results }: { run: RunDetail; results: Results }) {
  const made = results.candidates.reduce((sum, one) => sum + one.evaluation_count, 0);
  const pairs = results.candidates.length * results.scenarios.length;
  const { spend } = results;
  const isRanked = "ranking" in run.metrics.phase_timings || spend.cost_per_candidate_usd !== null;
  return (
    <dl className={css.facts}>
      <Fact name="evaluations">
        {formatCount(made)}
        {made < pairs && <span className={css.short}> of {formatCount(pairs)}</span>}
      </Fact>
      <Fact name="cost of this ranking">
        <Cost usd={spend.cost_usd} unpriced={spend.unpriced_call_count} missing={UNKNOWN} />
      </Fact>
      <Fact name="per evaluation">
        <Each usd={spend.cost_per_evaluation_usd} spend={spend} made={made} />
      </Fact>
      {isRanked && (
        <Fact name="per ranked candidate">
          <Each usd={spend.cost_per_candidate_usd} spend={spend} made={made} />
        </Fact>
      )}
    </dl>
  );
}

interface EachProps {
  usd: number | null;
  spend: Spend;
  made: number;
}

function Each({ usd, spend, made }: EachProps) {
  const unpriced = spend.unpriced_call_count;
  if (made === 0) return <Missing why="There is nothing to divide by" />;
  // At least nothing: a bound that tells nothing of one evaluation.
  if (spend.cost_usd === 0 && unpriced > 0) {
    return <Missing why={`${plural(unpriced, "call has", "calls have")} no known price`} />;
  }
  return <Cost usd={usd} unpriced={unpriced} missing={UNKNOWN} fine />;
}

function Fact({ name, children }: { name: string; children: ReactNode }) {
  return (
    <div>
      <dt>{name}</dt>
      <dd>{children}</dd>
    </div>
  );
}
