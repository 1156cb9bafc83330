import { useEffect } from "react";
import { useLocation, useNavigate } from "react-router";
import type { Run } from "../../../api/types";
import { paths } from "../../../lib/paths";
import { runLinkId } from "../RunRow";
import { barId } from "../strip/Bars";
import { useDialogClose } from "../useDialogClose";

export interface Step {
  next: (() => void) | null;
  previous: (() => void) | null;
}

/** The dialog is an address: closing it and stepping through the list are ways through history. */
export function useDialogRoute(projectId: string, runId: string, runs: readonly Run[]) {
  const navigate = useNavigate();
  const { search, state } = useLocation();
  const close = useDialogClose(projectId);
  const at = runs.findIndex((run) => run.id === runId);

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

  // Each run is read from its top. After stepping, focus returns to the run that was shown last: to
  // its bar, where the strip was the way in, else to its row.
  const fromStrip = (state as { fromStrip?: boolean } | null)?.fromStrip === true;
  useEffect(() => {
    const dialog = document.querySelector("dialog[open]");
    if (dialog) dialog.scrollTop = 0;
    return () => {
      setTimeout(() => {
        if (document.querySelector("dialog[open]")) return;
        const bar = fromStrip ? document.getElementById(barId(runId)) : null;
        (bar ?? document.getElementById(runLinkId(runId)))?.focus();
      });
    };
  }, [runId, fromStrip]);

  return { close, step };
}
