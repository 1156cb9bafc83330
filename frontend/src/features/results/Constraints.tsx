import type { RankedCandidate } from "../../api/types";
import { formatShare } from "../../lib/format";
import css from "./Constraints.module.css";

/** How far each constraint is met, as a number and as a line that is as long. */
export function Constraints({ candidate }: { candidate: RankedCandidate }) {
  const { constraint_satisfaction: satisfaction, hard_violations: broken } = candidate;
  if (Object.keys(satisfaction).length === 0) return null;
  return (
    <ul className={css.constraints} aria-label="Satisfaction of each constraint">
      {Object.entries(satisfaction).map(([name, value]) => (
        <li
          key={name}
          className={broken.includes(name) ? css.broken : undefined}
          style={{ "--met": `${value * 100}%` } as React.CSSProperties}
        >
          <span title={name} dir="auto">
            {name}
          </span>
          <b>{formatShare(value, 1)}</b>
        </li>
      ))}
    </ul>
  );
}
