import { useQuery } from "@tanstack/react-query";
import type { ReactNode } from "react";
import { isLive, type RunDetail } from "../../../api/types";
import { formatDuration, formatMoment } from "../../../lib/format";
import { formatLimit, LIMITS, type Limit } from "../../../lib/limits";
import { callsQuery } from "../queries";
import css from "./Provenance.module.css";
import { Section } from "./Section";
import { isShortfall } from "./shortfall";

type Fact = [name: string, value: ReactNode];

/** Longer than a column is wide. */
const WIDE = new Set(["id", "prices from"]);

/** What it was asked to do, and where its figures come from. */
export function Provenance({ run }: { run: RunDetail }) {
  const prices = usePriceSources(run);
  const facts = [...asked(run), ...limits(run), ...known(run, prices)].filter(
    ([, value]) => value !== null,
  );
  const notes = run.metrics.notes.filter((note) => !isShortfall(note));
  return (
    <Section title="Configuration and provenance">
      <dl className={css.facts}>
        {facts.map(([name, value]) => (
          <div key={name} className={WIDE.has(name) ? css.wide : undefined}>
            <dt>{name}</dt>
            <dd>{value}</dd>
          </div>
        ))}
      </dl>
      {notes.length > 0 && (
        <ul className={css.notes} aria-label="Notes">
          {notes.map((note) => (
            <li key={note}>{note}</li>
          ))}
        </ul>
      )}
    </Section>
  );
}

function asked({ config }: RunDetail): Fact[] {
  return [
    ["mode", config.mode.replaceAll("_", " ")],
    ["candidates asked", config.num_candidates],
    ["candidates given", config.candidates.length || null],
    ["scenarios asked", config.num_scenarios],
    ["model asked", config.model],
    ["provider", config.provider],
    ["calls in flight", config.concurrency],
    ["retries of a call", config.max_retries],
    ["timeout of a call", config.timeout_seconds && formatDuration(config.timeout_seconds)],
  ];
}

const LIMIT_NAMES: Record<Limit, string> = {
  max_cost_usd: "limit of cost",
  max_total_tokens: "limit of tokens",
  max_llm_calls: "limit of calls",
  max_duration_seconds: "limit of time",
};

function limits({ budget }: RunDetail): Fact[] {
  return LIMITS.map((limit) => {
    const value = budget?.[limit];
    return [LIMIT_NAMES[limit], value == null ? null : formatLimit(limit, value)];
  });
}

function known(run: RunDetail, prices: string | null): Fact[] {
  const models = Object.keys(run.llm_usage?.total.models ?? {});
  return [
    ["models called", models.join(", ") || null],
    ["prices from", prices],
    ["attempt", run.attempt],
    ["ledger", run.ledger],
    ["created", formatMoment(run.created_at)],
    ["started", run.started_at && formatMoment(run.started_at)],
    ["ended", run.completed_at && formatMoment(run.completed_at)],
    ["id", <code key="id">{run.id}</code>],
  ];
}

/** Prices are fixed at each call, so their source stands with the calls. */
function usePriceSources(run: RunDetail): string | null {
  const { data } = useQuery(callsQuery(run.id, isLive(run)));
  const sources = [...new Set(data?.calls.flatMap((call) => call.price_source ?? []))];
  // That errors are free is no table of prices, but of a run without others it is all there is.
  const tables = sources.filter((source) => !source.startsWith("free"));
  return (tables.length > 0 ? tables : sources).join(", ") || null;
}
