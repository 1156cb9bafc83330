import { HttpResponse, http } from "msw";
import { setupServer } from "msw/node";
import type { FieldErrors } from "../api/client";
import type {
  Call,
  Estimate,
  Health,
  Project,
  Results,
  Run,
  RunDetail,
  Trends,
  Verdict,
} from "../api/types";
import { aVerdict, trendsOf } from "./answers";
import { page } from "./data";

export const server = setupServer();

/** Answers of the API, one line a route. `*` stands for the page's own origin. */
export const given = {
  health: (health: Health) => use(http.get("*/api/health", () => HttpResponse.json(health))),
  projects: (projects: Project[]) =>
    use(http.get("*/api/projects", () => HttpResponse.json({ projects }))),
  project: (project: Project) =>
    use(http.get(`*/api/projects/${project.id}`, () => HttpResponse.json(project))),
  estimate: (estimate: Estimate) =>
    use(http.post("*/api/projects/:id/runs/estimate", () => HttpResponse.json(estimate))),
  verdict: (verdict: Verdict) =>
    use(http.get("*/api/projects/:id/runs/health", () => HttpResponse.json(verdict))),
  trends: (trends: Trends) =>
    use(http.get("*/api/projects/:id/runs/trends", () => HttpResponse.json(trends))),
  /** The runs of every project, filtered by status as the server would; all is well with them. */
  runs: (runs: readonly Run[]) =>
    use(
      http.get("*/api/projects/:id/runs/health", () => HttpResponse.json(aVerdict())),
      http.get("*/api/projects/:id/runs/trends", () => HttpResponse.json(trendsOf())),
      http.get("*/api/projects/:id/runs/summary", ({ request }) => {
        const status = new URL(request.url).searchParams.getAll("status");
        const shown = runs.filter((run) => status.length === 0 || status.includes(run.status));
        return HttpResponse.json(page(shown));
      }),
    ),
  run: (run: RunDetail) => use(http.get(`*/api/runs/${run.id}`, () => HttpResponse.json(run))),
  calls: (calls: Call[]) =>
    use(
      http.get("*/api/runs/:id/calls", () =>
        HttpResponse.json({ calls, has_more: false, next_cursor: null }),
      ),
    ),
  results: (results: Results) =>
    use(http.get("*/api/runs/:id/results", () => HttpResponse.json(results))),
};

function use(...handlers: Parameters<typeof server.use>) {
  server.use(...handlers);
}

export function problem(status: number, code: string, detail: string, errors: FieldErrors = {}) {
  return HttpResponse.json(
    { type: "about:blank", title: code, status, detail, code, errors, hint: null },
    { status, headers: { "Content-Type": "application/problem+json" } },
  );
}
