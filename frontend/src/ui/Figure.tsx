import {
  formatCost,
  formatCount,
  formatExactCost,
  formatFineCost,
  formatTokens,
  MISSING,
  plural,
} from "../lib/format";
import css from "./Figure.module.css";

/** An em dash that says, to eye and ear, why nothing stands there. */
export function Missing({ why }: { why: string }) {
  return (
    <span className={css.missing} title={why}>
      <span aria-hidden="true">{MISSING}</span>
      <span className={css.spoken}>{why}</span>
    </span>
  );
}

interface CostProps {
  usd: number | null | undefined;
  unpriced?: number;
  missing?: string;
  /** It still runs: calls under way have no price yet, which is no gap in what is known. */
  soFar?: boolean;
  /** The price of one thing may be a small part of a cent. */
  fine?: boolean;
  /** Says of a lower bound what it leaves out, where there is room for it. */
  full?: boolean;
}

export function Cost({
  usd,
  unpriced = 0,
  missing = "No price is known for these calls",
  soFar = false,
  fine = false,
  full = false,
}: CostProps) {
  if (usd == null) return <Missing why={missing} />;
  // Only calls that were refused have a price, and it is 0.
  if (soFar && usd === 0 && unpriced > 0) return <Missing why="No price is known so far" />;
  const exact = formatExactCost(usd);
  if (soFar) return <span title={`${exact} so far`}>{formatCost(usd)}</span>;
  const gap = `At least ${exact}: ${plural(unpriced, "call has", "calls have")} no known price`;
  return (
    <span title={unpriced > 0 ? gap : exact}>
      {fine ? `${unpriced > 0 ? "≥ " : ""}${formatFineCost(usd)}` : formatCost(usd, unpriced)}
      {full && unpriced > 0 && `, ${formatCount(unpriced)} unpriced`}
    </span>
  );
}

interface TokensProps {
  input: number | null | undefined;
  output: number | null | undefined;
  unmetered?: number;
  missing?: string;
}

export function Tokens({ input, output, unmetered = 0, missing }: TokensProps) {
  if (input == null && output == null) {
    return <Missing why={missing ?? "The provider did not report tokens"} />;
  }
  const gap =
    unmetered > 0
      ? `, ${plural(unmetered, "answer")} did not report ${unmetered === 1 ? "its" : "theirs"}`
      : "";
  const title = `${input ?? "unknown"} in, ${output ?? "unknown"} out${gap}`;
  return (
    <span title={title}>
      {unmetered > 0 && "≥ "}
      {formatTokens(input)} → {formatTokens(output)}
    </span>
  );
}
