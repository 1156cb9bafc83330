import type { ReactNode } from "react";
import css from "./Select.module.css";

interface Props {
  label: string;
  value: string;
  onChange: (value: string) => void;
  children: ReactNode;
}

/** The browser's own list, with its name in front: `Status: failed`. */
export function Select({ label, value, onChange, children }: Props) {
  return (
    <label className={css.select}>
      <span>{label}:</span>
      <select value={value} onChange={(event) => onChange(event.target.value)}>
        {children}
      </select>
    </label>
  );
}
