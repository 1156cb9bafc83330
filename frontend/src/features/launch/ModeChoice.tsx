import { useId } from "react";
import type { Mode } from "../../api/types";
import css from "./ModeChoice.module.css";

const MODES: readonly { mode: Mode; name: string; words: string }[] = [
  { mode: "full_search", name: "Full search", words: "The model designs all candidates." },
  { mode: "seeded", name: "Seeded", words: "Yours come first; the model designs the rest." },
  { mode: "eval_only", name: "Evaluation only", words: "Yours alone are scored and ranked." },
];

interface Props {
  value: Mode;
  onChange: (mode: Mode) => void;
}

export function ModeChoice({ value, onChange }: Props) {
  const name = useId();
  return (
    <fieldset className={css.modes}>
      <legend>Where candidates come from</legend>
      {MODES.map((option) => (
        <label key={option.mode} className={css.option}>
          <input
            type="radio"
            name={name}
            checked={value === option.mode}
            onChange={() => onChange(option.mode)}
          />
          <span>
            {option.name}
            <span className={css.words}>{option.words}</span>
          </span>
        </label>
      ))}
    </fieldset>
  );
}
