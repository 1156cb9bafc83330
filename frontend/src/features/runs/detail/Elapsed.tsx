import type { RunDetail } from "../../../api/types";
import { formatElapsed } from "../../../lib/format";
import { Missing } from "../../../ui/Figure";
import { whyNoDuration } from "../missing";
import { useElapsed } from "../useElapsed";

/** How long a run has been running, ticking on between two answers. */
export function Elapsed({ run }: { run: RunDetail }) {
  const elapsed = useElapsed(run);
  return elapsed === null ? <Missing why={whyNoDuration(run)} /> : formatElapsed(elapsed);
}
