import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useRef, useState } from "react";
import { useNavigate, useParams } from "react-router";
import { healthQuery, projectQuery } from "../../api/queries";
import type { RunInput } from "../../api/types";
import { paths } from "../../lib/paths";
import { PageTitle } from "../../ui/PageTitle";
import { newDraft, requestOf } from "./draft";
import { EstimateBox } from "./EstimateBox";
import { LaunchForm } from "./LaunchForm";
import { ModelNotice } from "./ModelNotice";
import css from "./NewRunPage.module.css";
import { startRun } from "./queries";

/** Also where a page has no secure context, and with it no `randomUUID`. */
function newKey(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

export default function NewRunPage() {
  const { projectId = "" } = useParams();
  const navigate = useNavigate();
  const health = useQuery(healthQuery);
  const project = useQuery(projectQuery(projectId));
  const start = useMutation(startRun(useQueryClient(), projectId));
  const [draft, setDraft] = useState(newDraft);
  const defaultLimits = project.data?.default_budget ?? null;
  const request = requestOf(draft, defaultLimits);
  const lastTry = useRef({ body: "", key: "" });

  function launch(body: RunInput) {
    const text = JSON.stringify(body);
    if (lastTry.current.body !== text) lastTry.current = { body: text, key: newKey() };
    start.mutate(
      { body, key: lastTry.current.key },
      { onSuccess: (run) => navigate(paths.run(projectId, run.id)) },
    );
  }

  return (
    <div className={css.view}>
      <PageTitle over={1}>New run</PageTitle>
      <LaunchForm
        draft={draft}
        onChange={(part) => setDraft((old) => ({ ...old, ...part }))}
        request={request}
        onLaunch={launch}
        isStarting={start.isPending}
        error={start.error}
        defaultModel={health.data?.llm.model ?? null}
        defaultLimits={defaultLimits}
      />
      <EstimateBox projectId={projectId} body={request.body} errors={request.errors} />
      <ModelNotice health={health.data} error={health.error} />
    </div>
  );
}
