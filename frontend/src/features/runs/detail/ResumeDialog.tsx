import { useMutation, useQueryClient } from "@tanstack/react-query";
import { type FormEvent, useState } from "react";
import type { RunDetail } from "../../../api/types";
import { formatCount, formatDuration } from "../../../lib/format";
import { LIMIT_FIELD, type Limit, limitsDraft, readLimits } from "../../../lib/limits";
import { Button } from "../../../ui/Button";
import { Dialog } from "../../../ui/Dialog";
import { FormError } from "../../../ui/Field";
import { Cost } from "../../../ui/Figure";
import { formErrors } from "../../../ui/formErrors";
import { LimitFields } from "../../../ui/LimitFields";
import { useFirstError } from "../../../ui/useFirstError";
import { useRefusal } from "../../../ui/useRefusal";
import { whyNoCost } from "../missing";
import { resumeRun } from "../queries";
import css from "./ResumeDialog.module.css";
import { usedOf, usedUp, whyNoFurther } from "./raise";

/** A run that its limits stopped goes on within larger ones. */
export function ResumeDialog({ run, onClose }: { run: RunDetail; onClose: () => void }) {
  const resume = useMutation(resumeRun(useQueryClient(), run.id));
  const [draft, setDraft] = useState(() => limitsDraft(run.budget));
  const { refusal, accepts } = useRefusal(resume.error);
  const errors = formErrors(refusal, (name) => LIMIT_FIELD.test(name));
  const form = useFirstError(refusal);

  function submit(event: FormEvent) {
    event.preventDefault();
    const { budget, errors: unreadable } = readLimits(draft, "budget");
    const wrong = { ...usedUp(budget, usedOf(run)), ...unreadable };
    const isReadable = Object.keys(wrong).length === 0;
    if (accepts(wrong, isReadable ? whyNoFurther(budget, run.budget) : "")) resume.mutate(budget);
  }

  return (
    <Dialog small label={`Resume run #${run.number}`} onClose={onClose}>
      <form ref={form} className={css.form} onSubmit={submit} noValidate>
        <h2>Resume #{run.number} within larger limits</h2>
        <p className={css.why}>{run.error_summary}</p>
        {errors.rest && <FormError>{errors.rest}</FormError>}
        <LimitFields
          label="Limits"
          draft={draft}
          errorsAt={(limit) => errors.at(`budget.${limit}`)}
          onChange={setDraft}
          hint={(limit) => <Used run={run} limit={limit} />}
        />
        <p className={css.words}>
          Limits count all that the run has used so far; an empty one is lifted. What the run made
          is kept: only what is missing is done and paid for.
        </p>
        <div className={css.actions}>
          <Button kind="primary" type="submit" disabled={resume.isPending}>
            {resume.isPending ? "Resuming…" : "Resume"}
          </Button>
          <Button onClick={onClose}>Not now</Button>
        </div>
      </form>
    </Dialog>
  );
}

function Used({ run, limit }: { run: RunDetail; limit: Limit }) {
  const used = usedOf(run);
  const total = run.llm_usage?.total;
  if (limit === "max_cost_usd") {
    const unpriced = total?.unpriced_call_count ?? 0;
    const cost = <Cost usd={used[limit]} unpriced={unpriced} missing={whyNoCost(run)} />;
    return <>{cost} used</>;
  }
  if (used[limit] === null) return "use not known";
  if (limit === "max_duration_seconds") return `${formatDuration(used[limit])} used`;
  const isLeast = limit === "max_total_tokens" && (total?.unmetered_call_count ?? 0) > 0;
  return `${isLeast ? "≥ " : ""}${formatCount(used[limit])} used`;
}
