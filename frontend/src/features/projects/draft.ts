import type { Project, ProjectInput } from "../../api/types";

/** What stands in the form. Rows have a key of their own, so that removing one moves no text. */
export interface Draft {
  title: string;
  description: string;
  goals: string;
  constraints: ConstraintDraft[];
  /** Not on the form; kept, because saving replaces the whole project. */
  kept: Pick<Project, "world_model" | "default_budget">;
}

export interface ConstraintDraft {
  key: number;
  name: string;
  description: string;
  weight: string;
}

export const HARD = 100;

let lastKey = 0;

export function newConstraint(name = "", description = "", weight = "50"): ConstraintDraft {
  lastKey += 1;
  return { key: lastKey, name, description, weight };
}

export const emptyDraft: Draft = {
  title: "",
  description: "",
  goals: "",
  constraints: [],
  kept: { world_model: null, default_budget: null },
};

export function draftOf(project: Project): Draft {
  return {
    title: project.title,
    description: project.description,
    goals: project.goals.join("\n"),
    constraints: project.constraints.map(({ name, description, weight }) =>
      newConstraint(name, description, String(weight)),
    ),
    kept: { world_model: project.world_model, default_budget: project.default_budget },
  };
}

export function inputOf(draft: Draft): ProjectInput {
  return {
    title: draft.title.trim(),
    description: draft.description,
    goals: draft.goals
      .split("\n")
      .map((goal) => goal.trim())
      .filter((goal) => goal !== ""),
    constraints: draft.constraints.map(({ name, description, weight }) => ({
      name: name.trim(),
      description,
      // What is no number is sent as it is: the server says what it takes.
      weight: weight.trim() === "" ? Number.NaN : Number(weight),
    })),
    ...draft.kept,
  };
}
