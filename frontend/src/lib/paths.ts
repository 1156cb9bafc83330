/** Every address of the page. Features link to each other through these, never by import. */
export const paths = {
  projects: () => "/",
  runs: (projectId: string) => `/projects/${encodeURIComponent(projectId)}/runs`,
  run: (projectId: string, runId: string) =>
    `/projects/${encodeURIComponent(projectId)}/runs/${encodeURIComponent(runId)}`,
  newRun: (projectId: string) => `/projects/${encodeURIComponent(projectId)}/new`,
  problem: (projectId: string) => `/projects/${encodeURIComponent(projectId)}/problem`,
  results: (runId: string) => `/runs/${encodeURIComponent(runId)}/results`,
};
