import { formatScore, formatShare } from "../../lib/format";
import { Button } from "../../ui/Button";
import { Dialog } from "../../ui/Dialog";
import { PageTitle } from "../../ui/PageTitle";
import css from "./CellDialog.module.css";
import type { Cell } from "./grid";

/** Why one candidate got its scores in one scenario. */
export function CellDialog({ cell, onClose }: { cell: Cell; onClose: () => void }) {
  const { candidate, scenario } = cell;
  return (
    <Dialog label={`${candidate.title}, ${scenario.name}`} onClose={onClose}>
      <PageTitle over={2}>{candidate.title}</PageTitle>
      <header className={css.head}>
        <h2>{candidate.title}</h2>
        <Button kind="quiet" onClick={onClose} aria-label="Close" title="Close (Esc)">
          <span aria-hidden="true">✕</span>
        </Button>
      </header>
      <h3 className={css.label}>
        In the scenario “<bdi>{scenario.name}</bdi>”
      </h3>
      <p className={css.words}>{scenario.description}</p>
      <Scores cell={cell} />
    </Dialog>
  );
}

function Scores({ cell: { evaluation, reason } }: { cell: Cell }) {
  if (!evaluation) {
    return (
      <>
        <h3 className={css.label}>Missing</h3>
        <p className={css.words}>
          This pair has no score: {reason ? reason : "it was not evaluated"}. None is made up for
          it.
        </p>
      </>
    );
  }
  const { P, R } = evaluation;
  return (
    <>
      <dl className={css.scores}>
        {Object.entries({ I: P / R, P, R }).map(([name, value]) => (
          <div key={name}>
            <dt>{name}</dt>
            <dd>{formatScore(value)}</dd>
          </div>
        ))}
        {Object.entries(evaluation.constraint_satisfaction).map(([name, value]) => (
          <div key={`constraint ${name}`}>
            <dt>{name}</dt>
            <dd>{formatShare(value, 1)}</dd>
          </div>
        ))}
      </dl>
      <h3 className={css.label}>Explanation</h3>
      <p className={css.words}>{evaluation.explanation || "The model gave none."}</p>
    </>
  );
}
