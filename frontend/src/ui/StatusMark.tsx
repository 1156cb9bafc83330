import type { Status } from "../api/types";
import css from "./StatusMark.module.css";

const SHAPES: Record<Status, string> = {
  completed: "M3 8.5l3.2 3.2L13 5",
  failed: "M4 4l8 8M12 4l-8 8",
  running: "M8 2a6 6 0 1 1-6 6",
  created: "M8 2.5a5.5 5.5 0 1 1-.01 0",
  cancelled: "M8 2.5a5.5 5.5 0 1 1-.01 0M4.2 11.8l7.6-7.6",
};

/** Icon and word, never colour alone. */
export function StatusMark({ status }: { status: Status }) {
  return (
    <span className={`${css.status} ${css[status]}`}>
      <svg viewBox="0 0 16 16" fill="none" stroke="currentColor" strokeWidth="2" aria-hidden="true">
        <path d={SHAPES[status]} />
      </svg>
      <span className={css.word}>{status}</span>
    </span>
  );
}
