import { useQuery } from "@tanstack/react-query";
import { Link, useLocation } from "react-router";
import type { TrendFailure, Trends } from "../../../api/types";
import { capitalize, formatDay } from "../../../lib/format";
import { paths } from "../../../lib/paths";
import { ErrorNotice } from "../../../ui/ErrorNotice";
import { ViewSkeleton } from "../../../ui/Skeleton";
import { When } from "../../../ui/When";
import { Section } from "../detail/Section";
import { trendsQuery } from "../queries";
import { failuresByKind, type KindOfFailure } from "./failures";
import css from "./Patterns.module.css";

const SHOWN = 5;

/** How runs have failed of late: what kinds, on which days, and which failures keep coming back. */
export function Patterns({ projectId, live }: { projectId: string; live: boolean }) {
  const { data, error, refetch } = useQuery(trendsQuery(projectId, live));
  const days = data?.days.length ?? 14;
  return (
    <Section title={`Failures of the last ${days} days`}>
      {data && <Found projectId={projectId} trends={data} />}
      {!data && !error && <ViewSkeleton rows={4} />}
      {!data && error && (
        <ErrorNotice what="the failures" error={error} onRetry={() => refetch()} />
      )}
    </Section>
  );
}

function Found({ projectId, trends }: { projectId: string; trends: Trends }) {
  const kinds = failuresByKind(trends.days);
  if (kinds.length === 0) return <p className={css.words}>No run has failed in these days.</p>;
  const most = Math.max(...kinds.flatMap((kind) => kind.counts));
  const dates = trends.days.map((day) => day.date);
  return (
    <>
      <ul className={css.kinds} aria-label="Failures by kind and day">
        {kinds.map((kind) => (
          <Kind key={kind.kind} kind={kind} most={most} dates={dates} />
        ))}
        <li className={css.axis} aria-hidden="true">
          <span />
          <span>
            <span>{formatDay(dates[0])}</span>
            <span>{formatDay(dates.at(-1))}</span>
          </span>
          <span />
        </li>
      </ul>
      <ol className={css.causes} aria-label="The most frequent">
        {trends.failures.slice(0, SHOWN).map((failure) => (
          <Cause
            key={`${failure.fingerprint} ${failure.last_run.id}`}
            projectId={projectId}
            failure={failure}
          />
        ))}
      </ol>
    </>
  );
}

interface KindProps {
  kind: KindOfFailure;
  most: number;
  dates: string[];
}

function Kind({ kind, most, dates }: KindProps) {
  const days = kind.counts.flatMap((count, i) =>
    count > 0 ? [`${count} on ${formatDay(dates[i])}`] : [],
  );
  return (
    <li>
      <span>{capitalize(kind.kind.replaceAll("_", " "))}</span>
      <span className={css.bars} role="img" aria-label={days.join(", ")} title={days.join(", ")}>
        {kind.counts.map((count, i) => (
          <i
            key={dates[i]}
            className={count ? "" : css.none}
            style={{ height: `${(count / most) * 100}%` }}
          />
        ))}
      </span>
      <span className={css.total}>{kind.total}</span>
    </li>
  );
}

function Cause({ projectId, failure }: { projectId: string; failure: TrendFailure }) {
  const { search } = useLocation();
  const { last_run: last } = failure;
  return (
    <li>
      <span className={css.times}>{failure.count} ×</span>
      <span>
        {failure.error_summary ?? "No reason was recorded"}
        <span className={css.last}>
          {failure.count > 1 && "last "}in{" "}
          <Link to={{ pathname: paths.run(projectId, last.id), search }} state={{ fromList: true }}>
            #{last.number}
          </Link>
          , <When at={last.completed_at ?? last.created_at} />
        </span>
      </span>
    </li>
  );
}
