import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useParams } from "react-router";
import { projectQuery } from "../../api/queries";
import type { Project } from "../../api/types";
import { PageTitle } from "../../ui/PageTitle";
import { ViewSkeleton } from "../../ui/Skeleton";
import { draftOf } from "./draft";
import { ProjectForm } from "./ProjectForm";
import { updateProject } from "./queries";

export default function ProblemPage() {
  const { projectId = "" } = useParams();
  const { data: project } = useQuery(projectQuery(projectId));
  // An unknown or unreachable project is told by the layout around this tab.
  if (!project) return <ViewSkeleton />;
  return <Problem key={project.id} project={project} />;
}

function Problem({ project }: { project: Project }) {
  const update = useMutation(updateProject(useQueryClient(), project.id));
  const note = update.isSuccess ? { note: "Saved. The next run works on this." } : {};
  return (
    <>
      <PageTitle over={1}>Problem</PageTitle>
      <ProjectForm
        start={draftOf(project)}
        save={update.mutate}
        isSaving={update.isPending}
        error={update.error}
        action="Save"
        {...note}
      />
    </>
  );
}
