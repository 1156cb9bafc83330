import type { Comparison } from "../../api/types";
import { capitalize, formatCount, formatDelta, formatTokens } from "../../lib/format";
import css from "./Counts.module.css";

type Name = keyof Comparison["counts"];

const NAMES: Record<Name, string> = {
  candidate_count: "candidates",
  scenario_count: "scenarios",
  evaluation_count: "evaluations",
  call_count: "calls",
  failed_call_count: "failed calls",
  retry_count: "retries",
  input_tokens: "tokens in",
  output_tokens: "tokens out",
  total_tokens: "tokens",
};

interface Props {
  base: string;
  head: string;
  counts: Comparison["counts"];
}

/** What each made and used. */
export function Counts({ base, head, counts }: Props) {
  return (
    <table className={css.counts} aria-label="Counts">
      <thead>
        <tr>
          <td />
          <th scope="col">{base}</th>
          <th scope="col">{head}</th>
          <th scope="col">Difference</th>
        </tr>
      </thead>
      <tbody>
        {(Object.keys(NAMES) as Name[]).map((name) => (
          <tr key={name}>
            <th scope="row">{capitalize(NAMES[name])}</th>
            <td>
              <Amount name={name} show={(format) => format(counts[name].base)} />
            </td>
            <td>
              <Amount name={name} show={(format) => format(counts[name].head)} />
            </td>
            <td className={counts[name].delta ? css.differs : css.same}>
              <Amount name={name} show={(format) => formatDelta(counts[name].delta, format)} />
            </td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}

interface AmountProps {
  name: Name;
  show: (format: (value: number | null) => string) => string;
}

/** Millions of tokens, three to a row, are too wide for a hand's screen: there they are rounded. */
function Amount({ name, show }: AmountProps) {
  const full = show(formatCount);
  if (!name.endsWith("tokens")) return full;
  return (
    <>
      <span className={css.full}>{full}</span>
      <span className={css.short} title={full}>
        {show(formatTokens)}
      </span>
    </>
  );
}
