import type { ReactNode } from "react";
import type { RunDetail } from "../../../api/types";
import { formatMoment } from "../../../lib/format";
import css from "./Provenance.module.css";
import { Section } from "./Section";

type Fact = [name: string, value: ReactNode];

/** What it was asked to do, and where its figures come from. */
export function Provenance({ run }: { run: RunDetail }) {
  const facts: Fact[] = [
    ...Object.entries(run.config ?? {}).map(([name, value]): Fact => [words(name), show(value)]),
    ["providers", Object.keys(run.llm_usage?.total.providers ?? {}).join(", ") || "none called"],
    ["models that served", Object.keys(run.llm_usage?.total.models ?? {}).join(", ") || "none"],
    ["attempt", run.attempt],
    ["ledger", run.ledger],
    ["created", formatMoment(run.created_at)],
    ["started", formatMoment(run.started_at)],
    ["ended", formatMoment(run.completed_at)],
    ["id", <code key="id">{run.id}</code>],
  ];
  return (
    <Section title="Configuration and provenance">
      <dl className={css.facts}>
        {facts.map(([name, value]) => (
          <div key={name}>
            <dt>{name}</dt>
            <dd>{value}</dd>
          </div>
        ))}
      </dl>
      {run.metrics.notes.length > 0 && (
        <ul className={css.notes} aria-label="Notes">
          {run.metrics.notes.map((note) => (
            <li key={note}>{note}</li>
          ))}
        </ul>
      )}
    </Section>
  );
}

function words(name: string): string {
  return name.replaceAll("_", " ");
}

function show(value: unknown): ReactNode {
  if (value === null || value === undefined || value === "") return "not set";
  if (Array.isArray(value)) return value.length === 0 ? "none" : `${value.length} given`;
  return typeof value === "object" ? JSON.stringify(value) : String(value);
}
