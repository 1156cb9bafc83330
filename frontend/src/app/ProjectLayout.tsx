import { useQuery } from "@tanstack/react-query";
import { Suspense } from "react";
import { NavLink, Outlet, useParams } from "react-router";
import { projectQuery } from "../api/queries";
import { paths } from "../lib/paths";
import { Crumbs } from "../ui/Crumbs";
import { ErrorNotice, isNotFound, UnknownThing } from "../ui/ErrorNotice";
import { PageTitle } from "../ui/PageTitle";
import { Skeleton, ViewSkeleton } from "../ui/Skeleton";
import css from "./ProjectLayout.module.css";

const TABS = [
  { to: paths.runs, label: "Run History" },
  { to: paths.newRun, label: "New run" },
  { to: paths.problem, label: "Problem" },
];

/** What every tab of a project shares: its name, its first words, its tabs. */
export function ProjectLayout() {
  const { projectId = "" } = useParams();
  const { data: project, error, refetch } = useQuery(projectQuery(projectId));

  if (isNotFound(error)) return <UnknownThing what="project" id={projectId} />;
  if (error && !project) {
    return <ErrorNotice what="the project" error={error} level={1} onRetry={() => refetch()} />;
  }
  return (
    <>
      {project && <PageTitle>{project.title}</PageTitle>}
      <Crumbs>{project?.title}</Crumbs>
      <h1
        className={css.title}
        title={project?.title}
        // A heading without words is none to a screen reader.
        aria-label={project ? undefined : "Project"}
      >
        {project ? project.title : <Skeleton width="12em" />}
      </h1>
      <p className={css.about}>
        {project ? firstLine(project.description) : <Skeleton width="28em" />}
      </p>
      <nav className={css.tabs} aria-label="Project">
        {TABS.map((tab) => (
          <NavLink key={tab.label} to={tab.to(projectId)}>
            {tab.label}
          </NavLink>
        ))}
      </nav>
      <Suspense fallback={<ViewSkeleton />}>
        <Outlet />
      </Suspense>
    </>
  );
}

function firstLine(text: string): string {
  return text.trim().split("\n", 1)[0] ?? "";
}
