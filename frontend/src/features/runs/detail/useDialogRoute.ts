import { useEffect } from "react";
import { useLocation, useNavigate } from "react-router";
import type { Run } from "../../../api/types";
import { paths } from "../../../lib/paths";
import { runLinkId } from "../RunRow";

interface LocationState {
  fromList?: boolean;
}

export interface Step {
  next: (() => void) | null;
  previous: (() => void) | null;
}

/** The dialog is an address: closing it and stepping through the list are ways through history. */
export function useDialogRoute(projectId: string, runId: string, runs: readonly Run[]) {
  const navigate = useNavigate();
  const { search, state } = useLocation();
  const at = runs.findIndex((run) => run.id === runId);

  function close() {
    // Opened from the list, Back is where we came from; opened from a link, the list lies beneath.
    if ((state as LocationState | null)?.fromList) navigate(-1);
    else navigate({ pathname: paths.runs(projectId), search }, { replace: true });
  }

  function stepTo(run: Run | undefined) {
    if (!run) return null;
    return () =>
      navigate({ pathname: paths.run(projectId, run.id), search }, { replace: true, state });
  }

  const step: Step = {
    next: at < 0 ? null : stepTo(runs[at + 1]),
    previous: at < 0 ? null : stepTo(runs[at - 1]),
  };

  useEffect(() => {
    function onKey(event: KeyboardEvent) {
      if (event.metaKey || event.ctrlKey || event.altKey) return;
      // A dialog over this one has the keys: they may be letters of what is typed there.
      if (document.querySelectorAll("dialog[open]").length > 1) return;
      if (event.key === "j") step.next?.();
      if (event.key === "k") step.previous?.();
    }
    window.addEventListener("keydown", onKey);
    return () => window.removeEventListener("keydown", onKey);
  });

  // Each run is read from its top. After stepping, focus returns to the row of the run that was shown last.
  useEffect(() => {
    const dialog = document.querySelector("dialog[open]");
    if (dialog) dialog.scrollTop = 0;
    return () => {
      setTimeout(() => {
        if (!document.querySelector("dialog[open]")) {
          document.getElementById(runLinkId(runId))?.focus();
        }
      });
    };
  }, [runId]);

  return { close, step };
}
