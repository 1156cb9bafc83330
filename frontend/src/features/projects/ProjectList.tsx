import { Link } from "react-router";
import type { Project } from "../../api/types";
import { paths } from "../../lib/paths";
import { Cost } from "../../ui/Figure";
import { StatusMark } from "../../ui/StatusMark";
import { When } from "../../ui/When";
import css from "./ProjectList.module.css";

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
          <Figures project={project} />
        </li>
      ))}
    </ul>
  );
}

function Figures({ project }: { project: Project }) {
  const { last_run: run, failed_24h: failed } = project;
  if (!run) return <p className={css.run}>No runs yet</p>;
  return (
    <div className={css.run}>
      <p className={css.facts}>
        <Link to={paths.run(project.id, run.id)}>#{run.number}</Link>
        <StatusMark status={run.status} />
        <span className={css.when}>
          <When at={run.created_at} />
        </span>
      </p>
      <p className={css.totals}>
        {failed > 0 ? <span className={css.bad}>{failed} failed</span> : "None failed"} in the last
        24 h · <Cost usd={project.cost_7d_usd} unpriced={project.unpriced_calls_7d} /> in 7 days
      </p>
    </div>
  );
}
