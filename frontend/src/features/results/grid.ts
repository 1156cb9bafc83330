import type { Evaluation, RankedCandidate, Results, Scenario } from "../../api/types";

export type Measure = "I" | "P" | "R";

export interface Cell {
  candidate: RankedCandidate;
  scenario: Scenario;
  evaluation: Evaluation | null;
  /** Why there is no evaluation; null if there is one, or if nobody tried. */
  reason: string | null;
}

export interface GridRow {
  candidate: RankedCandidate;
  cells: Cell[];
}

/** The candidate x scenario matrix, in the order of the ranking. */
export function grid(results: Results): GridRow[] {
  const reasons = new Map(
    results.missing.map((one) => [`${one.candidate_id} ${one.scenario_id}`, one.reason]),
  );
  return results.candidates.map((candidate) => {
    const byScenario = new Map(candidate.evaluations.map((one) => [one.scenario_id, one]));
    const cells = results.scenarios.map((scenario) => ({
      candidate,
      scenario,
      evaluation: byScenario.get(scenario.id) ?? null,
      reason: reasons.get(`${candidate.id} ${scenario.id}`) ?? null,
    }));
    return { candidate, cells };
  });
}

/** The order goes on where there is no score to rank by: a place there is no rank. */
export function placeOf({ I, rank }: RankedCandidate): number | null {
  return I === null ? null : rank;
}

export function measured(evaluation: Evaluation, measure: Measure): number {
  return measure === "I" ? evaluation.P / evaluation.R : evaluation[measure];
}

/** Places a value between the least and the greatest shown: 0 to 1. */
export function heatScale(rows: readonly GridRow[], measure: Measure): (value: number) => number {
  const values = rows.flatMap((row) =>
    row.cells.flatMap((cell) => (cell.evaluation ? [measured(cell.evaluation, measure)] : [])),
  );
  const least = Math.min(...values);
  const range = Math.max(...values) - least;
  return (value) => (range > 0 ? (value - least) / range : 0.5);
}
