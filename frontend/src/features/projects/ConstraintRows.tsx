import { Button } from "../../ui/Button";
import { Field, sentence } from "../../ui/Field";
import css from "./ConstraintRows.module.css";
import { type ConstraintDraft, HARD, newConstraint } from "./draft";

interface Props {
  constraints: ConstraintDraft[];
  errorsAt: (field: string) => string[] | undefined;
  onChange: (constraints: ConstraintDraft[]) => void;
}

export function ConstraintRows({ constraints, errorsAt, onChange }: Props) {
  function replace(key: number, part: Partial<ConstraintDraft>) {
    onChange(constraints.map((row) => (row.key === key ? { ...row, ...part } : row)));
  }

  return (
    <fieldset className={css.set}>
      <legend>Constraints</legend>
      <p className={css.hint}>
        The weight says how much a constraint counts, from 0 to 100. One of 100 is hard: a candidate
        that breaks it stands last.
      </p>
      {errorsAt("constraints") && (
        <p className={css.error}>{sentence(errorsAt("constraints") ?? [])}</p>
      )}
      {constraints.map((row, i) => (
        <ConstraintRow
          key={row.key}
          row={row}
          at={i}
          errorsAt={errorsAt}
          onChange={(part) => replace(row.key, part)}
          onRemove={() => onChange(constraints.filter(({ key }) => key !== row.key))}
        />
      ))}
      <Button onClick={() => onChange([...constraints, newConstraint()])}>Add a constraint</Button>
    </fieldset>
  );
}

interface RowProps {
  row: ConstraintDraft;
  at: number;
  errorsAt: (field: string) => string[] | undefined;
  onChange: (part: Partial<ConstraintDraft>) => void;
  onRemove: () => void;
}

function ConstraintRow({ row, at, errorsAt, onChange, onRemove }: RowProps) {
  const isHard = Number(row.weight) === HARD;
  return (
    // biome-ignore lint/a11y/useSemanticElements: a fieldset in a fieldset is announced twice
    <div className={css.row} role="group" aria-label={row.name || `Constraint ${at + 1}`}>
      <Field label="Name" errors={errorsAt(`constraints.${at}.name`)}>
        {(control) => (
          <input
            {...control}
            value={row.name}
            autoComplete="off"
            onChange={(event) => onChange({ name: event.target.value })}
          />
        )}
      </Field>
      <Field label="What it demands" errors={errorsAt(`constraints.${at}.description`)}>
        {(control) => (
          <textarea
            {...control}
            className={css.demand}
            rows={1}
            value={row.description}
            onChange={(event) => onChange({ description: event.target.value })}
          />
        )}
      </Field>
      <Field
        label={isHard ? "Weight (hard)" : "Weight"}
        errors={errorsAt(`constraints.${at}.weight`)}
      >
        {(control) => (
          <input
            {...control}
            inputMode="numeric"
            value={row.weight}
            autoComplete="off"
            onChange={(event) => onChange({ weight: event.target.value })}
          />
        )}
      </Field>
      <Button
        kind="quiet"
        className={css.remove ?? ""}
        onClick={onRemove}
        aria-label={`Remove ${row.name || `constraint ${at + 1}`}`}
        title="Remove"
      >
        <span aria-hidden="true">✕</span>
      </Button>
    </div>
  );
}
