import { Link } from "react-router";
import type { Project } from "../../api/types";
import { paths } from "../../lib/paths";
import { Cost } from "../../ui/Figure";
import { StatusMark } from "../../ui/StatusMark";
import table from "../../ui/Table.module.css";
import { When } from "../../ui/When";
import css from "./ProjectList.module.css";
import { RecentRuns } from "./RecentRuns";

export function ProjectList({ projects }: { projects: readonly Project[] }) {
  return (
    <table className={`${table.table} ${css.list}`} aria-label="Projects">
      <thead>
        <tr>
          <th scope="col">Project</th>
          <th scope="col">Last run</th>
          <th scope="col">Last 20 runs</th>
          <th scope="col" className={table.num}>
            Failed, 24 h
          </th>
          <th scope="col" className={table.num}>
            Cost, 7 days
          </th>
        </tr>
      </thead>
      <tbody>
        {projects.map((project) => (
          <tr key={project.id}>
            <th scope="row" className={table.wide}>
              <Link className={css.title} to={paths.runs(project.id)} dir="auto">
                {project.title}
              </Link>
              {project.description && (
                <p className={css.about} dir="auto">
                  {project.description}
                </p>
              )}
            </th>
            <Figures project={project} />
          </tr>
        ))}
      </tbody>
    </table>
  );
}

function Figures({ project }: { project: Project }) {
  const { last_run: run, failed_24h: failed } = project;
  if (!run) {
    return (
      <td colSpan={4} className={css.none}>
        No runs yet. <Link to={paths.newRun(project.id)}>Start the first</Link>
      </td>
    );
  }
  return (
    <>
      <td>
        <span className={css.last}>
          <Link to={paths.run(project.id, run.id)}>#{run.number}</Link>
          <StatusMark status={run.status} />
          <span className={css.when}>
            <When at={run.created_at} />
          </span>
        </span>
      </td>
      <td className={css.strip}>
        <RecentRuns runs={project.recent} />
      </td>
      <td className={`${table.num} ${failed > 0 ? css.bad : css.good}`} data-label="failed in 24 h">
        {failed > 0 ? failed : "none"}
      </td>
      <td className={table.num} data-label="in 7 days">
        <Cost usd={project.cost_7d_usd} unpriced={project.unpriced_calls_7d} />
      </td>
    </>
  );
}
