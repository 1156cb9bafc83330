import { useMutation, useQueryClient } from "@tanstack/react-query";
import type { Project } from "../../api/types";
import { emptyDraft } from "./draft";
import css from "./NewProjectForm.module.css";
import { ProjectForm } from "./ProjectForm";
import { createProject } from "./queries";

interface Props {
  onCreated: (project: Project) => void;
  onCancel: () => void;
}

export function NewProjectForm({ onCreated, onCancel }: Props) {
  const create = useMutation(createProject(useQueryClient()));
  return (
    <>
      <h2 className={css.title}>New project</h2>
      <ProjectForm
        start={emptyDraft}
        save={(body) => create.mutate(body, { onSuccess: onCreated })}
        isSaving={create.isPending}
        error={create.error}
        action="Create project"
        onCancel={onCancel}
      />
    </>
  );
}
