import type { FieldErrors } from "../../api/client";
import type { Budget, Mode, RunInput } from "../../api/types";
import { type LimitsDraft, limitsDraft, readLimits, withDefaults } from "../../lib/limits";
import { askFor } from "../../ui/formErrors";

export interface CandidateDraft {
  key: number;
  title: string;
  description: string;
}

export interface Draft {
  mode: Mode;
  candidates: CandidateDraft[];
  numCandidates: string;
  numScenarios: string;
  model: string;
  label: string;
  limits: LimitsDraft;
}

let lastKey = 0;

export function newCandidate(): CandidateDraft {
  lastKey += 1;
  return { key: lastKey, title: "", description: "" };
}

export function newDraft(): Draft {
  return {
    mode: "full_search",
    candidates: [newCandidate()],
    numCandidates: "5",
    numScenarios: "8",
    model: "",
    label: "",
    limits: limitsDraft(null),
  };
}

export const takesCandidates = (mode: Mode) => mode !== "full_search";
export const makesCandidates = (mode: Mode) => mode !== "eval_only";

export interface Request {
  body: RunInput & { budget?: Budget };
  /** What is wrong with it before it is sent. */
  errors: FieldErrors;
}

/** What a draft asks for in a project with these limits. */
export function requestOf(draft: Draft, projectLimits: Budget | null): Request {
  const { budget, errors } = readLimits(draft.limits, "budget");
  const body = inputOf(draft, withDefaults(budget, projectLimits));
  return { body, errors: { ...countErrors(draft), ...errors, ...titleErrors(draft) } };
}

/** On the wire what is no number would be null, which asks for the server's own choice. */
function countErrors(draft: Draft): FieldErrors {
  const errors: FieldErrors = {};
  const wrong = ["takes a whole number from 1 to 50"];
  if (makesCandidates(draft.mode) && !isCount(draft.numCandidates)) errors.num_candidates = wrong;
  if (!isCount(draft.numScenarios)) errors.num_scenarios = wrong;
  return errors;
}

function titleErrors({ mode, candidates }: Draft): FieldErrors {
  if (!takesCandidates(mode)) return {};
  const asked = candidates.map(({ title }, i) => askFor("title", `candidates.${i}.title`, title));
  return Object.assign({}, ...asked);
}

function isCount(text: string): boolean {
  const count = Number(text);
  return text.trim() !== "" && Number.isInteger(count) && count >= 1 && count <= 50;
}

function inputOf(draft: Draft, budget: Budget | null): Request["body"] {
  const input: Request["body"] = { mode: draft.mode, num_scenarios: Number(draft.numScenarios) };
  if (makesCandidates(draft.mode)) input.num_candidates = Number(draft.numCandidates);
  if (takesCandidates(draft.mode)) {
    input.candidates = draft.candidates.map(({ title, description }) => ({
      title: title.trim(),
      description,
    }));
  }
  if (draft.model.trim()) input.model = draft.model.trim();
  if (draft.label.trim()) input.label = draft.label.trim();
  if (budget) input.budget = budget;
  return input;
}
