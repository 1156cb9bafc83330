import { useQuery } from "@tanstack/react-query";
import { Link, useParams } from "react-router";
import { runQuery } from "../../api/queries";
import { isLive, type Results, type RunDetail } from "../../api/types";
import { paths } from "../../lib/paths";
import { Crumbs } from "../../ui/Crumbs";
import { ErrorNotice, isNotFound, StaleNotice, UnknownThing } from "../../ui/ErrorNotice";
import { PageTitle } from "../../ui/PageTitle";
import { ViewSkeleton } from "../../ui/Skeleton";
import { Matrix } from "./Matrix";
import { MissingList } from "./MissingList";
import { NoResults } from "./NoResults";
import { Price } from "./Price";
import { resultsQuery } from "./queries";
import { Ranking } from "./Ranking";
import { ResultsHead } from "./ResultsHead";

export default function ResultsPage() {
  const { runId = "" } = useParams();
  const run = useQuery(runQuery(runId));
  const results = useQuery(resultsQuery(runId, run.data ? isLive(run.data) : false));
  const error = run.error ?? results.error;

  function retry() {
    run.refetch();
    results.refetch();
  }

  if (isNotFound(error)) return <UnknownThing what="run" id={runId} />;
  if (!run.data || !results.data) {
    if (error) return <ErrorNotice what="the results" error={error} level={1} onRetry={retry} />;
    return <ViewSkeleton rows={10} />;
  }
  return (
    <>
      <PageTitle>{run.data.project_title}</PageTitle>
      <PageTitle over={1}>{`Results of #${run.data.number}`}</PageTitle>
      <Crumbs>
        <Link to={paths.runs(run.data.project_id)}>{run.data.project_title}</Link>
      </Crumbs>
      <ResultsHead run={run.data} />
      <StaleNotice
        error={error}
        since={Math.min(run.dataUpdatedAt, results.dataUpdatedAt)}
        onRetry={retry}
      />
      <Body run={run.data} results={results.data} />
    </>
  );
}

function Body({ run, results }: { run: RunDetail; results: Results }) {
  if (results.candidates.length === 0) return <NoResults run={run} />;
  return (
    <>
      <Price run={run} results={results} />
      <Ranking results={results} />
      {results.scenarios.length > 0 && <Matrix results={results} />}
      <MissingList run={run} results={results} />
    </>
  );
}
