import { lazy } from "react";
import { Navigate, Route, Routes } from "react-router";
import { RunHistoryPage } from "../features/runs/RunHistoryPage";
import { NotFoundPage } from "./NotFoundPage";
import { ProjectLayout } from "./ProjectLayout";
import { Shell } from "./Shell";

// Run History is the page people open; the rest comes when it is asked for.
const ProjectsPage = lazy(() => import("../features/projects/ProjectsPage"));
const ProblemPage = lazy(() => import("../features/projects/ProblemPage"));
const NewRunPage = lazy(() => import("../features/launch/NewRunPage"));
const ResultsPage = lazy(() => import("../features/results/ResultsPage"));
const ComparePage = lazy(() => import("../features/compare/ComparePage"));
const HealthDialog = lazy(() => import("../features/runs/health/HealthDialog"));
const RunDialog = lazy(() => import("../features/runs/detail/RunDialog"));
const RunById = lazy(() => import("./RunById"));

export function AppRoutes() {
  return (
    <Routes>
      <Route element={<Shell />}>
        <Route index element={<ProjectsPage />} />
        <Route path="projects" element={<Navigate to="/" replace />} />
        <Route path="projects/:projectId" element={<ProjectLayout />}>
          <Route index element={<Navigate to="runs" replace />} />
          <Route path="runs" element={<RunHistoryPage />}>
            <Route path="health" element={<HealthDialog />} />
            <Route path=":runId" element={<RunDialog />} />
          </Route>
          <Route path="runs/:runId/compare/:otherId?" element={<ComparePage />} />
          <Route path="new" element={<NewRunPage />} />
          <Route path="problem" element={<ProblemPage />} />
        </Route>
        <Route path="runs/:runId" element={<RunById />} />
        <Route path="runs/:runId/results" element={<ResultsPage />} />
        <Route path="*" element={<NotFoundPage />} />
      </Route>
    </Routes>
  );
}
