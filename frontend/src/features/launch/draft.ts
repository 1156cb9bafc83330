import type { Budget, Mode, RunInput } from "../../api/types";
import { type LimitsDraft, limitsDraft } from "../../lib/limits";

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

export function inputOf(draft: Draft, budget: Budget | null): RunInput {
  const input: RunInput = { mode: draft.mode, num_scenarios: asNumber(draft.numScenarios) };
  if (makesCandidates(draft.mode)) input.num_candidates = asNumber(draft.numCandidates);
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

/** What is no number becomes null on the wire, and the server says what it takes. */
function asNumber(text: string): number {
  return text.trim() === "" ? Number.NaN : Number(text);
}
