import { Button } from "../../ui/Button";
import { Field, sentence } from "../../ui/Field";
import css from "./CandidateRows.module.css";
import { type CandidateDraft, newCandidate } from "./draft";

interface Props {
  candidates: CandidateDraft[];
  errorsAt: (field: string) => string[] | undefined;
  onChange: (candidates: CandidateDraft[]) => void;
}

export function CandidateRows({ candidates, errorsAt, onChange }: Props) {
  function replace(key: number, part: Partial<CandidateDraft>) {
    onChange(candidates.map((row) => (row.key === key ? { ...row, ...part } : row)));
  }

  return (
    <fieldset className={css.set}>
      <legend>Your candidates</legend>
      {errorsAt("candidates") && (
        <p className={css.error}>{sentence(errorsAt("candidates") ?? [])}</p>
      )}
      {candidates.map((row, i) => (
        // biome-ignore lint/a11y/useSemanticElements: a fieldset in a fieldset is announced twice
        <div key={row.key} className={css.row} role="group" aria-label={`Candidate ${i + 1}`}>
          <Field label={`Candidate ${i + 1}`} errors={errorsAt(`candidates.${i}.title`)}>
            {(control) => (
              <input
                {...control}
                autoComplete="off"
                value={row.title}
                onChange={(event) => replace(row.key, { title: event.target.value })}
              />
            )}
          </Field>
          <Button
            kind="quiet"
            className={css.remove ?? ""}
            disabled={candidates.length === 1}
            onClick={() => onChange(candidates.filter(({ key }) => key !== row.key))}
            aria-label={`Remove candidate ${i + 1}`}
            title="Remove"
          >
            <span aria-hidden="true">✕</span>
          </Button>
          <Field label="Description" errors={errorsAt(`candidates.${i}.description`)}>
            {(control) => (
              <textarea
                {...control}
                rows={2}
                value={row.description}
                onChange={(event) => replace(row.key, { description: event.target.value })}
              />
            )}
          </Field>
        </div>
      ))}
      <Button onClick={() => onChange([...candidates, newCandidate()])}>Add a candidate</Button>
    </fieldset>
  );
}
