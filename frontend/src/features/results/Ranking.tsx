import type { RankedCandidate, Results } from "../../api/types";
import { formatCount, formatScore, formatShare, plural } from "../../lib/format";
import { Missing } from "../../ui/Figure";
import table from "../../ui/Table.module.css";
import { Constraints } from "./Constraints";
import { Description } from "./Description";
import { placeOf } from "./grid";
import css from "./Ranking.module.css";

const NO_SCORE = "It has no evaluation, so it has no score";
const NO_RANK = "It has no evaluation, so it has no rank";
const NO_CONSTRAINT = "No constraint was scored";

export function Ranking({ results }: { results: Results }) {
  return (
    <section className={css.section} aria-labelledby="ranking">
      <h2 id="ranking">Ranking</h2>
      <p className={css.words}>
        By I = P / R: prediction quality over resource cost, both means over the scenarios. A
        candidate that breaks a hard constraint stands last.{basis(results)}
      </p>
      <table className={table.table} aria-labelledby="ranking">
        <thead>
          <tr>
            <th scope="col">Rank</th>
            <th scope="col">Candidate</th>
            <th scope="col" className={table.num}>
              I
            </th>
            <th scope="col" className={table.num}>
              P
            </th>
            <th scope="col" className={table.num}>
              R
            </th>
            <th scope="col" className={table.num}>
              Constraints met
            </th>
          </tr>
        </thead>
        <tbody>
          {results.candidates.map((candidate) => (
            <CandidateRow key={candidate.id} candidate={candidate} />
          ))}
        </tbody>
      </table>
    </section>
  );
}

/** How much of what was to be known the ranking is made from, where that is not all. */
function basis({ candidates, scenarios }: Results): string {
  const made = candidates.reduce((sum, one) => sum + one.evaluation_count, 0);
  const pairs = candidates.length * scenarios.length;
  if (made === 0) return " No candidate has a rank: none has an evaluation.";
  if (made >= pairs) return "";
  return ` It is made from ${formatCount(made)} of ${plural(pairs, "evaluation")}.`;
}

function CandidateRow({ candidate }: { candidate: RankedCandidate }) {
  const broken = candidate.hard_violations;
  return (
    <tr className={broken.length > 0 ? css.broken : undefined}>
      <td className={css.rank}>{placeOf(candidate) ?? <Missing why={NO_RANK} />}</td>
      <td className={`${table.wide} ${css.candidate}`}>
        <p className={css.name}>
          <span className={css.title} dir="auto">
            {candidate.title}
          </span>
          {candidate.origin === "given" && <span className={css.tag}>given</span>}
        </p>
        {broken.length > 0 && (
          <p className={css.violation}>✕ Breaks a hard constraint: {broken.join(", ")}</p>
        )}
        {candidate.missing_count > 0 && (
          <p className={css.short}>{plural(candidate.missing_count, "evaluation")} missing</p>
        )}
        <Description candidate={candidate} />
        <Constraints candidate={candidate} />
      </td>
      <Score label="I" value={candidate.I} strong />
      <Score label="P" value={candidate.P} />
      <Score label="R" value={candidate.R} />
      <td className={`${table.num} ${css.met}`} data-label="of constraints met">
        {candidate.weighted_satisfaction === null ? (
          <Missing why={candidate.I === null ? NO_SCORE : NO_CONSTRAINT} />
        ) : (
          <span title="Weighted mean over all constraints">
            {formatShare(candidate.weighted_satisfaction, 1)}
          </span>
        )}
      </td>
    </tr>
  );
}

interface ScoreProps {
  label: string;
  value: number | null;
  strong?: boolean;
}

function Score({ label, value, strong = false }: ScoreProps) {
  return (
    <td className={`${table.num} ${strong ? css.strong : ""}`} data-score={label}>
      {value === null ? (
        <Missing why={NO_SCORE} />
      ) : (
        <span title={String(value)}>{formatScore(value)}</span>
      )}
    </td>
  );
}
