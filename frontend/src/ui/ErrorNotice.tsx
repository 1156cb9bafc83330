import { Link } from "react-router";
import { ApiError } from "../api/client";
import { formatAge } from "../lib/format";
import { paths } from "../lib/paths";
import { useNow } from "../lib/useNow";
import { Button } from "./Button";
import css from "./ErrorNotice.module.css";
import { Notice } from "./Notice";
import { PageTitle } from "./PageTitle";
import { ViewSkeleton } from "./Skeleton";

export function isNotFound(error: Error | null): boolean {
  return error instanceof ApiError && error.status === 404;
}

/** What was asked makes no sense to the server; asking again would not mend it. */
export function isRefused(error: Error | null): error is ApiError {
  return error instanceof ApiError && error.status === 422;
}

/** The sign-in is on screen, or was a moment ago: nothing is wrong with the view behind it. */
function isShutOut(error: Error): boolean {
  return error instanceof ApiError && error.status === 401;
}

interface Props {
  what: string;
  error: Error;
  /** 1 where it is all there is of a page. */
  level?: 1 | 2;
  onRetry: () => void;
}

/** There is nothing to show, because it could not be fetched. */
export function ErrorNotice({ what, error, level = 2, onRetry }: Props) {
  if (isShutOut(error)) return <ViewSkeleton />;
  return (
    <Notice title={`Could not load ${what}`} tone="bad" level={level} live>
      <p>{error.message}</p>
      <Button onClick={onRetry}>Retry</Button>
    </Notice>
  );
}

interface StaleProps {
  error: Error | null;
  since: number;
  onRetry: () => void;
}

/** What is on screen is old, because the last attempt to renew it failed. */
export function StaleNotice({ error, since, onRetry }: StaleProps) {
  if (!error || isShutOut(error)) return null;
  return (
    <div className={css.stale}>
      {/* The age moves on; it is not told each time that it does. */}
      <span>
        <span role="alert">Could not refresh: {error.message}</span> What is shown is{" "}
        <Age since={since} /> old.
      </span>
      <Button onClick={onRetry}>Retry</Button>
    </div>
  );
}

function Age({ since }: { since: number }) {
  const now = useNow(1000);
  return formatAge((now - since) / 1000);
}

export function UnknownThing({ what, id }: { what: string; id: string }) {
  return (
    <Notice title={`There is no such ${what}`} level={1}>
      <PageTitle>Not found</PageTitle>
      <p>
        Nothing is known under <code>{id}</code>. It may have been deleted, or the address is
        incomplete.
      </p>
      <Link to={paths.projects()}>All projects</Link>
    </Notice>
  );
}
