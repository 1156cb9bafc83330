import { useEffect } from "react";
import { NavigationType, useLocation, useNavigationType } from "react-router";

/** The dialog of a run is no new view: the list stays beneath it. Nor is another run to compare with. */
function viewOf(pathname: string): string {
  return pathname
    .replace(/^(\/projects\/[^/]+\/runs)\/[^/]+$/, "$1")
    .replace(/\/compare(\/[^/]+)?$/, "/compare");
}

/** Arriving in another view begins at its top, with focus in it; Back returns to where one was. */
export function useArrival() {
  const view = viewOf(useLocation().pathname);
  const how = useNavigationType();
  // biome-ignore lint/correctness/useExhaustiveDependencies: another view is the event, however it came
  useEffect(() => {
    if (how === NavigationType.Pop) return;
    window.scrollTo(0, 0);
    if (document.activeElement === document.body) document.getElementById("main")?.focus();
  }, [view]);
}
