import type { Budget, Project, ProjectInput } from "../../api/types";
import { hasLimits, type LimitsDraft, limitsDraft } from "../../lib/limits";

/** What stands in the form. Rows have a key of their own, so that removing one moves no text. */
export interface Draft {
  title: string;
  description: string;
  goals: string;
  constraints: ConstraintDraft[];
  limits: LimitsDraft;
  /** Not on the form; kept, because saving replaces the whole project. */
  kept: Pick<Project, "world_model">;
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
  limits: limitsDraft(null),
  kept: { world_model: null },
};

export function draftOf(project: Project): Draft {
  return {
    title: project.title,
    description: project.description,
    goals: project.goals.join("\n"),
    constraints: project.constraints.map(({ name, description, weight }) =>
      newConstraint(name, description, String(weight)),
    ),
    limits: limitsDraft(project.default_budget),
    kept: { world_model: project.world_model },
  };
}

export function inputOf(draft: Draft, limits: Budget): ProjectInput {
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
    default_budget: hasLimits(limits) ? limits : null,
    ...draft.kept,
  };
}
