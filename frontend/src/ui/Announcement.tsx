import css from "./Spoken.module.css";

/** Says what changed, when whoever listens has time for it. It is there before there is anything to say. */
export function Announcement({ children }: { children: string }) {
  return (
    <p role="status" className={css.spoken}>
      {children}
    </p>
  );
}
