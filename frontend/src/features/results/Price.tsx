import type { ReactNode } from "react";
import type { Results, RunDetail } from "../../api/types";
import { formatCount } from "../../lib/format";
import { Cost } from "../../ui/Figure";
import css from "./Price.module.css";

/** How complete the ranking is, and what it cost. */
export function Price({ run, results }: { run: RunDetail; results: Results }) {
  const made = results.candidates.reduce((sum, one) => sum + one.evaluation_count, 0);
  const pairs = results.candidates.length * results.scenarios.length;
  const ranked = results.candidates.filter((one) => one.evaluation_count > 0).length;
  return (
    <dl className={css.facts}>
      <Fact name="evaluations">
        {formatCount(made)}
        {made < pairs && <span className={css.short}> of {formatCount(pairs)}</span>}
      </Fact>
      <Fact name="cost of this ranking">
        <RunCost run={run} parts={1} />
      </Fact>
      <Fact name="per evaluation">
        <RunCost run={run} parts={made} />
      </Fact>
      <Fact name="per ranked candidate">
        <RunCost run={run} parts={ranked} />
      </Fact>
    </dl>
  );
}

function RunCost({ run, parts }: { run: RunDetail; parts: number }) {
  const total = run.llm_usage?.total;
  const usd = total?.cost_usd != null && parts > 0 ? total.cost_usd / parts : null;
  return (
    <Cost
      usd={usd}
      unpriced={total?.unpriced_call_count ?? 0}
      missing={parts === 0 ? "There is none to divide by" : "The cost of this run is not known"}
    />
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
