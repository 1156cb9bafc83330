import type { ReactNode } from "react";
import css from "./Notice.module.css";

interface Props {
  title: string;
  tone?: "plain" | "bad" | "warn";
  level?: 1 | 2;
  live?: boolean;
  children?: ReactNode;
}

/** A sentence or two where figures would be: emptiness, an error, advice. */
export function Notice({ title, tone = "plain", level = 2, live = false, children }: Props) {
  const Heading = level === 1 ? "h1" : "h2";
  return (
    <section className={`${css.notice} ${css[tone]}`} role={live ? "alert" : undefined}>
      <Heading className={css.title}>{title}</Heading>
      <div className={css.body}>{children}</div>
    </section>
  );
}
