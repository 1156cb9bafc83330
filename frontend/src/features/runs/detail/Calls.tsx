import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import type { Call, Run } from "../../../api/types";
import { formatDuration, plural } from "../../../lib/format";
import { Button } from "../../../ui/Button";
import { ErrorNotice } from "../../../ui/ErrorNotice";
import { Cost, Missing, Tokens } from "../../../ui/Figure";
import { ViewSkeleton } from "../../../ui/Skeleton";
import table from "../../../ui/Table.module.css";
import { callsQuery } from "../queries";
import css from "./Calls.module.css";
import { worstFirst } from "./calls";
import { Section } from "./Section";

const STEP = 10;

const NO_LEDGER: Record<Run["ledger"], string> = {
  complete: "No call has been made.",
  absent: "The calls of this run are not here: it was imported with its totals alone.",
  purged: "The calls of this run were deleted by retention; its totals were kept.",
};

interface Props {
  runId: string;
  live: boolean;
  ledger: Run["ledger"];
}

export function Calls({ runId, live, ledger }: Props) {
  const { data, error, refetch } = useQuery(callsQuery(runId, live));
  return (
    <Section title="Calls, failed and slowest first">
      {data && data.calls.length === 0 && <p className={css.words}>{NO_LEDGER[ledger]}</p>}
      {data && data.calls.length > 0 && (
        <CallList calls={data.calls} isComplete={data.isComplete} />
      )}
      {!data && !error && <ViewSkeleton rows={4} />}
      {!data && error && <ErrorNotice what="the calls" error={error} onRetry={() => refetch()} />}
    </Section>
  );
}

function CallList({ calls, isComplete }: { calls: readonly Call[]; isComplete: boolean }) {
  const [shown, setShown] = useState(STEP);
  const sorted = worstFirst(calls);
  const rest = sorted.length - shown;
  return (
    <>
      <table className={`${table.table} ${table.small}`}>
        <thead>
          <tr>
            <th scope="col">Outcome</th>
            <th scope="col">For</th>
            <th scope="col" className={table.num}>
              Tokens
            </th>
            <th scope="col" className={table.num}>
              Cost
            </th>
            <th scope="col" className={table.num}>
              Latency
            </th>
          </tr>
        </thead>
        <tbody>
          {sorted.slice(0, shown).map((call) => (
            <CallRow key={call.id} call={call} />
          ))}
        </tbody>
      </table>
      {rest > 0 && (
        <Button className={css.more ?? ""} onClick={() => setShown(shown + 4 * STEP)}>
          Show {Math.min(rest, 4 * STEP)} more of {plural(sorted.length, "call")}
        </Button>
      )}
      {!isComplete && (
        <p className={css.words}>
          Only the first {plural(sorted.length, "call")} are ordered here.
        </p>
      )}
    </>
  );
}

const MARKS: Partial<Record<Call["outcome"], string>> = { ok: "✓", pending: "◐" };

function CallRow({ call }: { call: Call }) {
  const isBad = !(call.outcome in MARKS);
  const model = call.model_served ?? call.model_asked;
  return (
    <tr>
      <td>
        <span className={isBad ? css.bad : css.ok}>
          <span aria-hidden="true">{MARKS[call.outcome] ?? "✕"} </span>
          {call.outcome}
        </span>
        {call.error_kind && <span className={css.kind}>{cause(call)}</span>}
      </td>
      <td className={table.wide}>
        {call.subject || call.phase}
        <span className={css.kind}>
          {[call.phase, model, tries(call)].filter(Boolean).join(" · ")}
        </span>
      </td>
      <td className={table.num} data-label="tokens">
        <Tokens
          input={call.input_tokens}
          output={call.output_tokens}
          missing="This call reported no tokens"
        />
      </td>
      <td className={table.num}>
        <Cost usd={call.cost_usd} missing="The price of this call is not known" />
      </td>
      <td className={table.num}>
        {call.latency_seconds === null ? (
          <Missing why={call.outcome === "pending" ? "Not answered yet" : "Never settled"} />
        ) : (
          formatDuration(call.latency_seconds)
        )}
      </td>
    </tr>
  );
}

function cause({ http_status: status, error_kind: kind }: Call): string {
  const words = (kind ?? "").replaceAll("_", " ");
  return status !== null && status >= 400 ? `${status} ${words}` : words;
}

/** Which attempt at its question a call is; each attempt of the run counts them anew. */
function tries(call: Call): string | false {
  if (call.run_attempt > 1) return `run attempt ${call.run_attempt}, try ${call.attempt}`;
  return call.attempt > 1 && `attempt ${call.attempt}`;
}
