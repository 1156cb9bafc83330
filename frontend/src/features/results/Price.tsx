import type { ReactNode } from "react";
import type { Results } from "../../api/types";
import { formatCount } from "../../lib/format";
import { Cost } from "../../ui/Figure";
import css from "./Price.module.css";

const UNKNOWN = "No price is known for the calls of this run";

/** How complete the ranking is, and what it cost. */
export function Price({ results }: { results: Results }) {
  const made = results.candidates.reduce((sum, one) => sum + one.evaluation_count, 0);
  const pairs = results.candidates.length * results.scenarios.length;
  const { spend } = results;
  const none = made === 0 ? "There is nothing to divide by" : UNKNOWN;
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
        <Cost
          usd={spend.cost_per_evaluation_usd}
          unpriced={spend.unpriced_call_count}
          missing={none}
          fine
        />
      </Fact>
      <Fact name="per ranked candidate">
        <Cost
          usd={spend.cost_per_candidate_usd}
          unpriced={spend.unpriced_call_count}
          missing={none}
          fine
        />
      </Fact>
    </dl>
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
