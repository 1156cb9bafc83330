import { useId } from "react";
import type { RankedCandidate } from "../../api/types";
import css from "./Description.module.css";

/** What fits into the two lines that are shown, even on a narrow screen. */
const SHORT = 72;

/** The first lines of it; a click shows the rest. */
export function Description({ candidate }: { candidate: RankedCandidate }) {
  const { description, predicted_effects: effects } = candidate;
  const heading = useId();
  if (effects.length === 0) {
    if (!description) return null;
    if (description.length <= SHORT && !description.includes("\n")) {
      return (
        <p className={css.about}>
          <span>{description}</span>
        </p>
      );
    }
  }
  return (
    <details className={css.about}>
      <summary>
        <span>{description || "Predicted effects"}</span>
      </summary>
      {description && effects.length > 0 && (
        <p id={heading} className={css.caption}>
          Predicted effects
        </p>
      )}
      {effects.length > 0 && (
        <ul
          className={css.effects}
          {...(description
            ? { "aria-labelledby": heading }
            : { "aria-label": "Predicted effects" })}
        >
          {effects.map((effect) => (
            <li key={effect.constraint}>
              {effect.constraint}: {effect.direction}
              {effect.magnitude && `, ${effect.magnitude}`}
            </li>
          ))}
        </ul>
      )}
    </details>
  );
}
