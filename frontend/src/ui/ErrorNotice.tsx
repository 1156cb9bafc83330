import { Link } from "react-router";
import { ApiError } from "../api/client";
import { formatAgo } from "../lib/format";
import { paths } from "../lib/paths";
import { useNow } from "../lib/useNow";
import { Button } from "./Button";
import css from "./ErrorNotice.module.css";
import { Notice } from "./Notice";
import { PageTitle } from "./PageTitle";

export function isNotFound(error: Error | null): boolean {
  return error instanceof ApiError && error.status === 404;
}

interface Props {
  what: string;
  error: Error;
  onRetry: () => void;
}

/** There is nothing to show, because it could not be fetched. */
export function ErrorNotice({ what, error, onRetry }: Props) {
  return (
    <Notice title={`Could not load ${what}`} tone="bad" live>
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
  const now = useNow(5000);
  if (!error) return null;
  return (
    <div role="alert" className={css.stale}>
      <span>
        Could not refresh: {error.message} These figures are from{" "}
        {formatAgo(new Date(since).toISOString(), now)}.
      </span>
      <Button onClick={onRetry}>Retry</Button>
    </div>
  );
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
