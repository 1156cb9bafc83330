import css from "./Skeleton.module.css";

/** A grey line as wide as the words that will stand there. */
export function Skeleton({ width = "100%" }: { width?: string }) {
  return <span className={css.line} style={{ width }} aria-hidden="true" />;
}

/** For a view whose code or first figures are on their way. */
export function ViewSkeleton({ rows = 6 }: { rows?: number }) {
  return (
    <div role="status" aria-label="Loading" className={css.view}>
      {Array.from({ length: rows }, (_, i) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: the rows are all alike and never move
        <Skeleton key={i} width={i === 0 ? "40%" : "100%"} />
      ))}
    </div>
  );
}
