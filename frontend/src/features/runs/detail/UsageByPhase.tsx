import { isLive, PHASES, type Phase, type RunDetail, type Usage } from "../../../api/types";
import { capitalize, formatCost, formatCount, formatTokens, plural } from "../../../lib/format";
import { whyNoUsage } from "../missing";
import { Section } from "./Section";
import css from "./UsageByPhase.module.css";

interface Share {
  phase: Phase;
  value: number;
  text: string;
}

/** Where the tokens and the money went, stacked by phase. */
export function UsageByPhase({ run }: { run: RunDetail }) {
  const usage = run.llm_usage;
  const live = isLive(run);
  return (
    <Section title="Usage by phase">
      {!usage && <p className={css.words}>{whyNoUsage(run)}.</p>}
      {usage && (
        <>
          <Stack
            name="Tokens"
            shares={shares(usage.phases, (of) => of.total_tokens, tokensOf)}
            missing="The provider did not report tokens, so there is nothing to divide."
            nothing="0 in every phase"
          />
          <Stack
            name="Cost"
            shares={shares(usage.phases, (of) => of.cost_usd, costOf(live))}
            missing="No price is known for these calls, so there is nothing to divide."
            nothing={whyFree(usage.total, live)}
          />
          <Details total={usage.total} live={live} />
        </>
      )}
    </Section>
  );
}

const tokensOf = (usage: Usage) => formatTokens(usage.total_tokens);

/** Of a live run the calls under way have no price yet: that is no gap. */
const costOf = (live: boolean) => (usage: Usage) =>
  formatCost(usage.cost_usd, live ? 0 : usage.unpriced_call_count);

/** In words: a bar of nothing says nothing. */
function whyFree(total: Usage, live: boolean): string {
  const unpriced = total.unpriced_call_count;
  if (live && unpriced > 0) return "No price is known so far";
  const cost = formatCost(total.cost_usd, unpriced);
  if (unpriced > 0) return `${cost}: ${plural(unpriced, "call has", "calls have")} no known price`;
  const isLocal = Object.keys(total.providers).every((name) => name === "local");
  return `${cost} in every phase${isLocal ? ": the embedded model is free" : ""}`;
}

function shares(
  phases: Partial<Record<Phase, Usage>>,
  pick: (usage: Usage) => number | null,
  write: (usage: Usage) => string,
): Share[] {
  return PHASES.flatMap((phase) => {
    const usage = phases[phase];
    const value = usage ? pick(usage) : null;
    return usage && value !== null ? [{ phase, value, text: write(usage) }] : [];
  });
}

interface StackProps {
  name: string;
  shares: Share[];
  missing: string;
  /** What is said when all of it is nothing. */
  nothing: string;
}

function Stack({ name, shares: parts, missing, nothing }: StackProps) {
  if (parts.length === 0) return <p className={css.words}>{missing}</p>;
  const whole = parts.reduce((sum, part) => sum + part.value, 0);
  if (whole === 0) {
    return (
      <p className={css.stack}>
        <span className={css.name}>{name}</span>
        <span>{nothing}</span>
      </p>
    );
  }
  return (
    <div className={css.stack}>
      <span className={css.name}>{name}</span>
      <div className={css.bar} aria-hidden="true">
        {parts.map(
          ({ phase, value }) =>
            value > 0 && (
              <span key={phase} className={css[phase]} style={{ flexGrow: value / whole }} />
            ),
        )}
      </div>
      <ul className={css.legend}>
        {parts.map((part) => (
          <li key={part.phase}>
            <i className={css[part.phase]} aria-hidden="true" />
            {capitalize(part.phase)} {part.text}
          </li>
        ))}
      </ul>
    </div>
  );
}

function Details({ total, live }: { total: Usage; live: boolean }) {
  const facts = [
    plural(total.call_count, "call"),
    `${formatCount(total.failed_call_count)} failed`,
    plural(total.retry_count, "retry", "retries"),
    part(total.cached_input_tokens, "input tokens from cache"),
    part(total.reasoning_tokens, "reasoning tokens"),
    part(total.unmetered_call_count, "answers without token counts"),
    part(total.unpriced_call_count, `calls without a known price${live ? " yet" : ""}`),
  ];
  return <p className={css.words}>{facts.filter((fact) => fact !== null).join(" · ")}</p>;
}

function part(value: number | null, name: string): string | null {
  return value ? `${formatTokens(value)} ${name}` : null;
}
