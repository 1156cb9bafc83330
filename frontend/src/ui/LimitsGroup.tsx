import { type ReactNode, useLayoutEffect, useRef } from "react";
import type { Budget } from "../api/types";
import { describeLimits, LIMITS, type Limit, type LimitsDraft } from "../lib/limits";
import { LimitFields } from "./LimitFields";
import css from "./LimitsGroup.module.css";

interface Props {
  title: string;
  /** What holds as the form stands: told while the fields are folded away. */
  now: Budget | null;
  startsOpen: boolean;
  draft: LimitsDraft;
  errorsAt: (limit: Limit) => string[] | undefined;
  onChange: (draft: LimitsDraft) => void;
  fallback?: Budget | null;
  children: ReactNode;
}

/** Limits, folded away until they matter; a field that is wrong unfolds them. */
export function LimitsGroup({ title, now, startsOpen, children, ...fields }: Props) {
  const details = useRef<HTMLDetailsElement>(null);
  const isWrong = LIMITS.some((limit) => fields.errorsAt(limit));
  useLayoutEffect(() => {
    if (isWrong && details.current) details.current.open = true;
  });
  return (
    <details ref={details} open={startsOpen} className={css.group}>
      <summary>
        {title} <span className={css.now}>{describeLimits(now)}</span>
      </summary>
      <p className={css.words}>{children}</p>
      <LimitFields label={title} {...fields} />
    </details>
  );
}
