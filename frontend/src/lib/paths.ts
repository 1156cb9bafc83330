/** Every address of the page. Features link to each other through these, never by import. */
export const paths = {
  projects: () => "/",
  runs: (projectId: string) => `/projects/${encodeURIComponent(projectId)}/runs`,
  run: (projectId: string, runId: string) =>
    `/projects/${encodeURIComponent(projectId)}/runs/${encodeURIComponent(runId)}`,
  /** Without another run, the page picks the one before. */
  compare: (projectId: string, runId: string, otherId?: string) =>
    `${paths.run(projectId, runId)}/compare${otherId ? `/${encodeURIComponent(otherId)}` : ""}`,
  health: (projectId: string) => `/projects/${encodeURIComponent(projectId)}/runs/health`,
  newRun: (projectId: string) => `/projects/${encodeURIComponent(projectId)}/new`,
  problem: (projectId: string) => `/projects/${encodeURIComponent(projectId)}/problem`,
  results: (runId: string) => `/runs/${encodeURIComponent(runId)}/results`,
};
