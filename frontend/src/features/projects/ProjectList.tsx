import { useQuery } from "@tanstack/react-query";
import { Link } from "react-router";
import type { Project, Run } from "../../api/types";
import { paths } from "../../lib/paths";
import { Missing } from "../../ui/Figure";
import { Skeleton } from "../../ui/Skeleton";
import { StatusMark } from "../../ui/StatusMark";
import { When } from "../../ui/When";
import css from "./ProjectList.module.css";
import { lastRunQuery, recentRunsQuery } from "./queries";

export function ProjectList({ projects }: { projects: readonly Project[] }) {
  return (
    <ul className={css.list}>
      {projects.map((project) => (
        <li key={project.id}>
          <div className={css.words}>
            <Link className={css.title} to={paths.runs(project.id)}>
              {project.title}
            </Link>
            <p className={css.about}>{project.description}</p>
          </div>
          <LastRun projectId={project.id} />
        </li>
      ))}
    </ul>
  );
}

function LastRun({ projectId }: { projectId: string }) {
  const { data: page, error } = useQuery(recentRunsQuery);
  const found = page?.runs.find((run) => run.project_id === projectId);
  const isOlder = page !== undefined && !found && page.has_more;
  const older = useQuery({ ...lastRunQuery(projectId), enabled: isOlder });
  const run = found ?? (isOlder ? older.data : page && null);

  if (run) return <Last run={run} />;
  if (run === null) return <p className={css.run}>No runs yet</p>;
  const failure = error ?? older.error;
  return (
    <p className={css.run}>
      {failure ? <Missing why={`Not known: ${failure.message}`} /> : <Skeleton width="12em" />}
    </p>
  );
}

function Last({ run }: { run: Run }) {
  return (
    <div className={css.run}>
      <p className={css.facts}>
        <Link to={paths.run(run.project_id, run.id)}>#{run.number}</Link>
        <StatusMark status={run.status} />
        <span className={css.when}>
          <When at={run.created_at} />
        </span>
      </p>
      {run.error_summary && <p className={css.why}>{run.error_summary}</p>}
    </div>
  );
}
