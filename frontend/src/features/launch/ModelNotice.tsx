import type { Health } from "../../api/types";
import { capitalize } from "../../lib/format";
import { Notice } from "../../ui/Notice";
import { Skeleton } from "../../ui/Skeleton";
import { SideBox } from "./SideBox";
import box from "./SideBox.module.css";

interface Props {
  health: Health | undefined;
  error: Error | null;
}

/** Which model will do the work, and whether it can. */
export function ModelNotice({ health, error }: Props) {
  if (!health) {
    return (
      <SideBox title="Model">
        {error ? <p>Not known: {error.message}</p> : <Skeleton width="14em" />}
      </SideBox>
    );
  }
  const { llm } = health;
  const name = llm.model ?? "no model is chosen";
  if (!llm.ready) {
    return (
      <Notice title="The model is not ready" tone="warn">
        <p>
          {name}: {llm.note ?? "the server did not say why."}
        </p>
        <p>A run that is started now is likely to fail.</p>
      </Notice>
    );
  }
  if (!health.executor.running) {
    return (
      <Notice title="Nothing executes runs here" tone="warn">
        <p>A run that is started now waits until a server that executes runs picks it up.</p>
      </Notice>
    );
  }
  return (
    <SideBox title="Model">
      <p className={box.big}>{name}</p>
      {llm.kind === "local" ? <SmallModel /> : <Served llm={llm} />}
    </SideBox>
  );
}

function Served({ llm }: { llm: Health["llm"] }) {
  return (
    <>
      <p className={box.words}>Ready, served by {llm.provider ?? llm.kind}.</p>
      {llm.note && <p className={box.note}>{capitalize(llm.note)}</p>}
    </>
  );
}

function SmallModel() {
  return (
    <p className={box.words}>
      This is a small model on this computer: it costs nothing, and its answers have the quality of
      a small model; <code>CRUCIBLE_LLM_BASE_URL</code> and <code>CRUCIBLE_LLM_MODEL</code> point to
      a better one.
    </p>
  );
}
