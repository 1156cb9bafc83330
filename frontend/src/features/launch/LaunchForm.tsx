import type { FormEvent } from "react";
import type { Budget, RunInput } from "../../api/types";
import { LIMIT_FIELD } from "../../lib/limits";
import { Button } from "../../ui/Button";
import { Field, FormError } from "../../ui/Field";
import { formErrors } from "../../ui/formErrors";
import { LimitsGroup } from "../../ui/LimitsGroup";
import { useFirstError } from "../../ui/useFirstError";
import { useRefusal } from "../../ui/useRefusal";
import { CandidateRows } from "./CandidateRows";
import { type Draft, makesCandidates, type Request, takesCandidates } from "./draft";
import css from "./LaunchForm.module.css";
import { ModeChoice } from "./ModeChoice";

interface Props {
  draft: Draft;
  onChange: (part: Partial<Draft>) => void;
  /** What the draft comes to. */
  request: Request;
  onLaunch: (body: RunInput) => void;
  isStarting: boolean;
  error: Error | null;
  defaultModel: string | null;
  defaultLimits: Budget | null;
}

const FIELDS =
  /^(mode|model|label|num_candidates|num_scenarios|candidates(\.\d+\.(title|description))?)$/;

export function LaunchForm(props: Props) {
  const { draft, onChange: change, request, onLaunch, isStarting, error } = props;
  const { defaultModel, defaultLimits } = props;
  const { refusal, accepts } = useRefusal(error);
  const errors = formErrors(refusal, (name) => FIELDS.test(name) || LIMIT_FIELD.test(name));
  const form = useFirstError(refusal);

  function submit(event: FormEvent) {
    event.preventDefault();
    if (accepts(request.errors)) onLaunch(request.body);
  }

  return (
    <form ref={form} className={css.form} onSubmit={submit} noValidate>
      {errors.rest && <FormError>{errors.rest}</FormError>}
      <ModeChoice value={draft.mode} onChange={(mode) => change({ mode })} />
      {takesCandidates(draft.mode) && (
        <CandidateRows
          candidates={draft.candidates}
          errorsAt={errors.at}
          onChange={(candidates) => change({ candidates })}
        />
      )}
      <div className={css.pair}>
        {makesCandidates(draft.mode) && (
          <Field label="Candidates" hint="1 to 50 in all" errors={errors.at("num_candidates")}>
            {(control) => (
              <input
                {...control}
                inputMode="numeric"
                autoComplete="off"
                value={draft.numCandidates}
                onChange={(event) => change({ numCandidates: event.target.value })}
              />
            )}
          </Field>
        )}
        <Field label="Scenarios" hint="1 to 50" errors={errors.at("num_scenarios")}>
          {(control) => (
            <input
              {...control}
              inputMode="numeric"
              autoComplete="off"
              value={draft.numScenarios}
              onChange={(event) => change({ numScenarios: event.target.value })}
            />
          )}
        </Field>
      </div>
      <Field
        label="Model"
        hint={defaultModel ? `Empty means ${defaultModel}` : "Empty means the server's own choice"}
        errors={errors.at("model")}
      >
        {(control) => (
          <input
            {...control}
            autoComplete="off"
            spellCheck={false}
            value={draft.model}
            onChange={(event) => change({ model: event.target.value })}
          />
        )}
      </Field>
      <Field
        label="Label"
        hint="A word to find this run by, if you like"
        errors={errors.at("label")}
      >
        {(control) => (
          <input
            {...control}
            autoComplete="off"
            value={draft.label}
            onChange={(event) => change({ label: event.target.value })}
          />
        )}
      </Field>
      <LimitsGroup
        title="Limits"
        now={request.body.budget ?? defaultLimits}
        startsOpen={defaultLimits !== null}
        draft={draft.limits}
        errorsAt={(limit) => errors.at(`budget.${limit}`)}
        onChange={(limits) => change({ limits })}
        fallback={defaultLimits}
      >
        A run stops short of a limit, and keeps what it made. Empty means{" "}
        {defaultLimits ? "the project's limit." : "no limit."}
      </LimitsGroup>
      <div className={css.actions}>
        <Button kind="primary" type="submit" disabled={isStarting}>
          {isStarting ? "Starting…" : "Start"}
        </Button>
      </div>
    </form>
  );
}
