import type { Run } from "../../../api/types";

/**
 * The models that served a run. A call that got no answer counts under the name that was asked for:
 * where an answer gave that model a longer name, it is said once.
 */
export function servedBy({ llm_usage }: Pick<Run, "llm_usage">): string[] {
  const names = Object.keys(llm_usage?.total.models ?? {});
  return names.filter((name) => !names.some((other) => other !== name && other.startsWith(name)));
}
