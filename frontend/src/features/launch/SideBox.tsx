import { type ReactNode, useId } from "react";
import css from "./SideBox.module.css";

interface Props {
  title: string;
  busy?: boolean;
  children: ReactNode;
}

/** What stands beside the form: a small heading and what there is to know. */
export function SideBox({ title, busy, children }: Props) {
  const heading = useId();
  return (
    <section className={css.box} aria-labelledby={heading} aria-busy={busy}>
      <h2 id={heading}>{title}</h2>
      {children}
    </section>
  );
}
