import type { ReactNode } from "react";
import type { Budget } from "../api/types";
import { LIMITS, type Limit, type LimitsDraft, limitText } from "../lib/limits";
import { Field } from "./Field";
import css from "./LimitFields.module.css";

const NAMES: Record<Limit, string> = {
  max_cost_usd: "Dollars",
  max_total_tokens: "Tokens",
  max_llm_calls: "Calls",
  max_duration_seconds: "Minutes",
};

interface Props {
  label: string;
  draft: LimitsDraft;
  errorsAt: (limit: Limit) => string[] | undefined;
  onChange: (draft: LimitsDraft) => void;
  /** What holds where a field is left empty; stands in it in grey. */
  fallback?: Budget | null;
  hint?: (limit: Limit) => ReactNode;
}

export function LimitFields({ label, draft, errorsAt, onChange, fallback = null, hint }: Props) {
  return (
    <div className={css.room}>
      <fieldset className={css.fields} aria-label={label}>
        {LIMITS.map((limit) => (
          <Field key={limit} label={NAMES[limit]} hint={hint?.(limit)} errors={errorsAt(limit)}>
            {(control) => (
              <input
                {...control}
                inputMode="decimal"
                autoComplete="off"
                placeholder={limitText(limit, fallback) || "no limit"}
                value={draft[limit]}
                onChange={(event) => onChange({ ...draft, [limit]: event.target.value })}
              />
            )}
          </Field>
        ))}
      </fieldset>
    </div>
  );
}
