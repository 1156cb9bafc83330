import { isLive, type Run } from "../../api/types";

/** Why a figure of a run is not there, in words for a tooltip. */
export function whyNoUsage(run: Run): string {
  if (run.ledger === "absent") return "This run was imported without its usage";
  return isLive(run) ? "No call has been made yet" : "This run made no call";
}

export function whyNoTokens(run: Run): string {
  return run.llm_usage ? "The provider did not report tokens" : whyNoUsage(run);
}

export function whyNoCost(run: Run): string {
  if (!run.llm_usage) return whyNoUsage(run);
  const { call_count, unmetered_call_count } = run.llm_usage.total;
  return unmetered_call_count === call_count
    ? "The provider did not report tokens, so the cost is not known"
    : "No price is known for the calls of this run";
}

export function whyNoCount(run: Run): string {
  return run.ledger === "absent" ? "This run was imported without this count" : "Not known";
}

export function whyNoDuration(run: Run): string {
  return run.status === "created" ? "It has not begun" : "It is not known when it ended";
}
