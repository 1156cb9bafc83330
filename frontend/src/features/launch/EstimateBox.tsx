import { useQuery } from "@tanstack/react-query";
import { useMemo } from "react";
import type { FieldErrors } from "../../api/client";
import type { Estimate, RunInput } from "../../api/types";
import {
  capitalize,
  formatCost,
  formatDuration,
  formatRange,
  formatTokens,
} from "../../lib/format";
import { useDebounced } from "../../lib/useDebounced";
import { Skeleton } from "../../ui/Skeleton";
import css from "./EstimateBox.module.css";
import { firstOf, firstStep, whyNot, work } from "./estimate";
import { estimateQuery } from "./queries";
import { SideBox } from "./SideBox";
import box from "./SideBox.module.css";

const REST_MS = 300;

interface Props {
  projectId: string;
  body: RunInput;
  /** What the form knows to be wrong before it asks. */
  errors: FieldErrors;
}

/** What the run would take, kept beside the form while it is filled in. */
export function EstimateBox({ projectId, body, errors }: Props) {
  // As text, so that only another question is another value. A label costs nothing.
  const asked = useDebounced(JSON.stringify({ ...body, label: undefined }), REST_MS);
  const wanted = useMemo<RunInput>(() => JSON.parse(asked), [asked]);
  const early = firstStep(body) ?? firstOf(errors);
  const { data, error, isFetching } = useQuery({
    ...estimateQuery(projectId, wanted),
    enabled: early === null,
  });
  const reason = early ?? (error && whyNot(error));
  return (
    <SideBox title="Estimate" busy={isFetching}>
      <div className={css.room} aria-live="polite" aria-atomic="true">
        {reason && <p className={box.words}>{firstStep(body) ?? `None yet: ${reason}`}.</p>}
        {!reason && data && <Figures body={wanted} estimate={data} />}
        {!reason && !data && <Waiting />}
      </div>
    </SideBox>
  );
}

function Figures({ body, estimate }: { body: RunInput; estimate: Estimate }) {
  const { tokens, cost_usd: cost, duration_seconds: time, basis, warnings } = estimate;
  const facts = [
    work(body, estimate),
    tokens?.p50 != null && `about ${formatTokens(tokens.p50)} tokens`,
  ];
  return (
    <>
      <p className={box.big}>
        {[
          cost?.p50 != null ? formatRange(cost, formatCost) : "Cost not known",
          time?.p50 != null && formatRange(time, formatDuration),
        ]
          .filter(Boolean)
          .join(" · ")}
      </p>
      <p className={box.words}>{facts.filter(Boolean).join(", ")}</p>
      {basis?.note.split("; ").map((part) => (
        <p key={part} className={box.note}>
          {capitalize(part)}
        </p>
      ))}
      {warnings.length > 0 && (
        <ul className={css.warnings}>
          {warnings.map((warning) => (
            <li key={warning}>
              <span aria-hidden="true">△ </span>
              {warning}
            </li>
          ))}
        </ul>
      )}
    </>
  );
}

function Waiting() {
  return (
    <>
      <p className={box.big}>
        <Skeleton width="10em" />
      </p>
      <p className={box.words}>
        <Skeleton width="16em" />
      </p>
    </>
  );
}
