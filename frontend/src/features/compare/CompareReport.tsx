import { type ReactNode, useId } from "react";
import { type Comparison, PHASES } from "../../api/types";
import { formatDuration, formatFineCost } from "../../lib/format";
import type { Part } from "./bars";
import css from "./CompareReport.module.css";
import { Counts } from "./Counts";
import { DeltaTable } from "./DeltaTable";
import { Tiles } from "./Tiles";
import { whyNoDifference } from "./unpriced";

const CAUSES = {
  calls: "More or fewer calls",
  tokens: "Tokens a call",
  price: "Price of a token",
  retries: "Answers not used",
};

/** Where the time went, why the cost differs, what each made. */
export function CompareReport({ comparison }: { comparison: Comparison }) {
  const { base, head, duration_seconds: time, cost_usd: cost, counts, notes } = comparison;
  // Of two lower bounds, or one, the causes would explain a difference that may not be there.
  const causes = whyNoDifference(comparison) ? null : cost.causes;
  const sides = { base: `#${base.number}`, head: `#${head.number}` };
  return (
    <>
      <Tiles comparison={comparison} />
      {notes.length > 0 && (
        <ul className={css.notes} aria-label="Notes">
          {notes.map((note) => (
            <li key={note}>{note}</li>
          ))}
        </ul>
      )}
      <div className={css.parts}>
        <Block title="Time by phase" missing="How the time divides is not known of both runs.">
          {time.phases && (
            <DeltaTable
              {...sides}
              title="Time by phase"
              what="Phase"
              parts={phaseParts(time)}
              names={{ other: "outside of phases" }}
              format={formatDuration}
            />
          )}
        </Block>
        <Block title="Why the cost differs" missing={whyNoCauses(comparison)}>
          {causes && (
            <DeltaTable
              {...sides}
              title="Why the cost differs"
              what="Cause"
              parts={causeParts(causes)}
              names={CAUSES}
              format={formatFineCost}
              isSplit
            />
          )}
        </Block>
        <Block title="Counts">
          <Counts {...sides} counts={counts} />
        </Block>
      </div>
    </>
  );
}

function whyNoCauses(comparison: Comparison): string {
  const { base, head, cost_usd: cost } = comparison;
  const unknown = [cost.base === null && base, cost.head === null && head].filter((one) => !!one);
  if (unknown.length === 0) {
    const reason = whyNoDifference(comparison);
    return reason ? `${reason}.` : "The causes cannot be told apart: a note above says why.";
  }
  const numbers = [...new Set(unknown.map((one) => `#${one.number}`))].join(" and of ");
  return `The causes cannot be told: the cost of ${numbers} is not known.`;
}

function phaseParts(time: Comparison["duration_seconds"]): Part[] {
  return [...PHASES, "other" as const].flatMap((name) => {
    const delta = time.phases?.[name];
    if (delta == null || (name === "other" && delta === 0)) return [];
    return {
      name,
      delta,
      base: time.base_phases?.[name] ?? null,
      head: time.head_phases?.[name] ?? null,
    };
  });
}

function causeParts(causes: NonNullable<Comparison["cost_usd"]["causes"]>): Part[] {
  return Object.entries(causes).map(([name, delta]) => ({ name, delta, base: null, head: null }));
}

interface BlockProps {
  title: string;
  missing?: string;
  children: ReactNode;
}

function Block({ title, missing, children }: BlockProps) {
  const heading = useId();
  return (
    <section className={css.part} aria-labelledby={heading}>
      <h3 id={heading}>{title}</h3>
      {children || <p className={css.words}>{missing}</p>}
    </section>
  );
}
