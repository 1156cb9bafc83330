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
  return run.llm_usage ? "No price is known for the calls of this run" : whyNoUsage(run);
}

export function whyNoCount(run: Run): string {
  return run.ledger === "absent" ? "This run was imported without this count" : "Not known";
}

export function whyNoDuration(run: Run): string {
  return run.status === "created" ? "It has not begun" : "It is not known when it ended";
}
