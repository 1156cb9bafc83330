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
          />
          <Stack
            name="Cost"
            shares={shares(usage.phases, (of) => of.cost_usd, costOf(live))}
            missing="No price is known for these calls, so there is nothing to divide."
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
}

function Stack({ name, shares: parts, missing }: StackProps) {
  if (parts.length === 0) return <p className={css.words}>{missing}</p>;
  const whole = parts.reduce((sum, part) => sum + part.value, 0);
  return (
    <div className={css.stack}>
      <span className={css.name}>{name}</span>
      {whole > 0 && (
        <div className={css.bar} aria-hidden="true">
          {parts.map((part) => (
            <span
              key={part.phase}
              className={css[part.phase]}
              style={{ flexGrow: part.value / whole }}
            />
          ))}
        </div>
      )}
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
