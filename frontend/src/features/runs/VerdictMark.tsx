import type { Verdict } from "../../api/types";
import css from "./VerdictMark.module.css";

type Word = Verdict["verdict"];

const SHAPES: Record<Word, string> = {
  ok: "M3 8.5l3.2 3.2L13 5",
  degraded: "M8 2.2L14.6 13.6H1.4zM8 6.4v3.4M8 11.6v.2",
  failing: "M4 4l8 8M12 4l-8 8",
  unknown: "M3.4 8h.2M7.9 8h.2M12.4 8h.2",
};

const WORDS: Record<Word, string> = {
  ok: "OK",
  degraded: "Degraded",
  failing: "Failing",
  unknown: "Not enough runs yet",
};

/** Icon and word, never colour alone. */
export function VerdictMark({ verdict }: { verdict: Word }) {
  return (
    <span className={`${css.verdict} ${css[verdict]}`}>
      <svg viewBox="0 0 16 16" fill="none" stroke="currentColor" strokeWidth="2" aria-hidden="true">
        <path d={SHAPES[verdict]} strokeLinecap="round" strokeLinejoin="round" />
      </svg>
      <span className={css.word}>{WORDS[verdict]}</span>
    </span>
  );
}
