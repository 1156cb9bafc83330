import { type ReactNode, useId } from "react";
import { capitalize } from "../lib/format";
import css from "./Field.module.css";

export interface ControlProps {
  id: string;
  "aria-describedby"?: string;
  "aria-invalid"?: true;
}

interface Props {
  label: string;
  hint?: ReactNode;
  errors?: readonly string[] | undefined;
  /** Draws the control with what ties it to its label, hint and error. */
  children: (control: ControlProps) => ReactNode;
}

export function Field({ label, hint, errors, children }: Props) {
  const id = useId();
  const isWrong = errors !== undefined && errors.length > 0;
  const control: ControlProps = { id };
  if (isWrong) control["aria-describedby"] = `${id}-error`;
  else if (hint) control["aria-describedby"] = `${id}-hint`;
  if (isWrong) control["aria-invalid"] = true;
  return (
    <div className={css.field}>
      <label htmlFor={id}>{label}</label>
      {children(control)}
      {isWrong && (
        <p id={`${id}-error`} className={css.error}>
          {sentence(errors)}
        </p>
      )}
      {/* What is wrong says what the hint said. */}
      {hint && !isWrong && (
        <p id={`${id}-hint`} className={css.hint}>
          {hint}
        </p>
      )}
    </div>
  );
}

/** Messages begin in lower case, because they also stand after a field's name. */
export function sentence(messages: readonly string[]): string {
  return capitalize(messages.join("; "));
}

/** The sentence above a form that was refused, for what belongs to no field on it. */
export function FormError({ children }: { children: ReactNode }) {
  return (
    <div role="alert" className={css.refused}>
      {children}
    </div>
  );
}
