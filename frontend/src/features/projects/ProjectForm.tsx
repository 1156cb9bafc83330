import { type FormEvent, useState } from "react";
import type { ProjectInput } from "../../api/types";
import { hasLimits, LIMIT_FIELD, readLimits } from "../../lib/limits";
import { Button } from "../../ui/Button";
import { Field, FormError } from "../../ui/Field";
import { askFor, formErrors } from "../../ui/formErrors";
import { LimitsGroup } from "../../ui/LimitsGroup";
import { useFirstError } from "../../ui/useFirstError";
import { useRefusal } from "../../ui/useRefusal";
import { ConstraintRows } from "./ConstraintRows";
import { type Draft, inputOf } from "./draft";
import css from "./ProjectForm.module.css";

interface Props {
  start: Draft;
  save: (body: ProjectInput) => void;
  isSaving: boolean;
  error: Error | null;
  action: string;
  /** Shown beside the button, e.g. that all is saved. */
  note?: string;
  onCancel?: () => void;
}

const FIELDS = /^(title|description|goals(\..*)?|constraints(\.\d+\.(name|description|weight))?)$/;

export function ProjectForm({ start, save, isSaving, error, action, note, onCancel }: Props) {
  const [draft, setDraft] = useState(start);
  const { refusal, accepts } = useRefusal(error);
  const errors = formErrors(refusal, (name) => FIELDS.test(name) || LIMIT_FIELD.test(name));
  const form = useFirstError(refusal);
  const limits = readLimits(draft.limits, "default_budget");
  const change = (part: Partial<Draft>) => setDraft((old) => ({ ...old, ...part }));

  function submit(event: FormEvent) {
    event.preventDefault();
    const unnamed = askFor("title", "title", draft.title);
    if (accepts({ ...unnamed, ...limits.errors })) save(inputOf(draft, limits.budget));
  }

  return (
    <form ref={form} className={css.form} onSubmit={submit} noValidate>
      {errors.rest && <FormError>{errors.rest}</FormError>}
      <Field label="Title" errors={errors.at("title")}>
        {(control) => (
          <input
            {...control}
            value={draft.title}
            autoComplete="off"
            onChange={(event) => change({ title: event.target.value })}
          />
        )}
      </Field>
      <Field
        label="Description"
        hint="What is the situation, and what is wrong with it? The model reads this as it stands."
        errors={errors.at("description")}
      >
        {(control) => (
          <textarea
            {...control}
            className={css.description}
            rows={5}
            value={draft.description}
            onChange={(event) => change({ description: event.target.value })}
          />
        )}
      </Field>
      <Field label="Goals" hint="One to a line." errors={goalErrors(errors.at, draft.goals)}>
        {(control) => (
          <textarea
            {...control}
            rows={3}
            value={draft.goals}
            onChange={(event) => change({ goals: event.target.value })}
          />
        )}
      </Field>
      <ConstraintRows
        constraints={draft.constraints}
        errorsAt={errors.at}
        onChange={(constraints) => change({ constraints })}
      />
      <LimitsGroup
        title="Default limits of a run"
        now={limits.budget}
        startsOpen={hasLimits(readLimits(start.limits, "default_budget").budget)}
        draft={draft.limits}
        errorsAt={(limit) => errors.at(`default_budget.${limit}`)}
        onChange={(limits) => change({ limits })}
      >
        They hold for runs that set none of their own. Empty means no limit.
      </LimitsGroup>
      <div className={css.actions}>
        <Button kind="primary" type="submit" disabled={isSaving}>
          {action}
        </Button>
        {onCancel && <Button onClick={onCancel}>Cancel</Button>}
        <span className={css.note} role="status">
          {isSaving ? "Saving…" : note}
        </span>
      </div>
    </form>
  );
}

function goalErrors(at: (field: string) => string[] | undefined, goals: string) {
  const lines = goals
    .split("\n")
    .map((_, i) => at(`goals.${i}`)?.map((text) => `line ${i + 1} ${text}`));
  const all = [at("goals"), ...lines].flatMap((messages) => messages ?? []);
  return all.length > 0 ? all : undefined;
}
