import type { Comparison } from "../../api/types";
import { capitalize, formatCount, formatDelta } from "../../lib/format";
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
            <td>{formatCount(counts[name].base)}</td>
            <td>{formatCount(counts[name].head)}</td>
            <td className={counts[name].delta ? css.differs : css.same}>
              {formatDelta(counts[name].delta, formatCount)}
            </td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}
