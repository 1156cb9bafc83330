import { useLocation, useNavigate } from "react-router";
import { paths } from "../../lib/paths";

interface LocationState {
  fromList?: boolean;
}

/** A dialog over the list is an address: to close it is to leave that. */
export function useDialogClose(projectId: string) {
  const navigate = useNavigate();
  const { search, state } = useLocation();
  return () => {
    // Opened from the list, Back is where we came from; opened from a link, the list lies beneath.
    if ((state as LocationState | null)?.fromList) navigate(-1);
    else navigate({ pathname: paths.runs(projectId), search }, { replace: true });
  };
}
