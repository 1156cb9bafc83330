import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { useNavigate } from "react-router";
import type { Project } from "../../api/types";
import { paths } from "../../lib/paths";
import { Button } from "../../ui/Button";
import { Dialog } from "../../ui/Dialog";
import { ErrorNotice, StaleNotice } from "../../ui/ErrorNotice";
import { Notice } from "../../ui/Notice";
import { PageTitle } from "../../ui/PageTitle";
import { ViewSkeleton } from "../../ui/Skeleton";
import { NewProjectForm } from "./NewProjectForm";
import { ProjectList } from "./ProjectList";
import css from "./ProjectsPage.module.css";
import { projectsQuery } from "./queries";

export default function ProjectsPage() {
  const { data, error, refetch, dataUpdatedAt } = useQuery(projectsQuery);
  const [isCreating, setCreating] = useState(false);
  const navigate = useNavigate();
  const projects = data?.projects;
  const isEmpty = projects?.length === 0;

  function openCreated(project: Project) {
    navigate(paths.newRun(project.id));
  }

  return (
    <>
      <PageTitle>Projects</PageTitle>
      <div className={css.top}>
        <h1>Projects</h1>
        {projects && !isEmpty && <Button onClick={() => setCreating(true)}>New project</Button>}
      </div>
      {projects && <StaleNotice error={error} since={dataUpdatedAt} onRetry={() => refetch()} />}
      {!projects && !error && <ViewSkeleton rows={4} />}
      {!projects && error && (
        <ErrorNotice what="the projects" error={error} onRetry={() => refetch()} />
      )}
      {isEmpty && (
        <Notice title="Describe a problem to begin">
          <p>
            A project is a problem to work on: what to reach, and what must not be broken on the
            way.
          </p>
          <Button kind="primary" onClick={() => setCreating(true)}>
            Create the first project
          </Button>
        </Notice>
      )}
      {projects && !isEmpty && <ProjectList projects={projects} />}
      {isCreating && (
        <Dialog label="New project" onClose={() => setCreating(false)}>
          <NewProjectForm onCreated={openCreated} onCancel={() => setCreating(false)} />
        </Dialog>
      )}
    </>
  );
}
