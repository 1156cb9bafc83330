import { paths } from "../../lib/paths";
import { ButtonLink } from "../../ui/Button";
import { Notice } from "../../ui/Notice";

export function NoRuns({ projectId }: { projectId: string }) {
  return (
    <Notice title="No runs yet">
      <p>
        A run designs candidates for this problem, invents scenarios that stress them, scores every
        pair and ranks the result. Its status, time, tokens and cost will stand here.
      </p>
      <ButtonLink kind="primary" to={paths.newRun(projectId)}>
        Start the first run
      </ButtonLink>
    </Notice>
  );
}
