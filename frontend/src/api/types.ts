import type { components } from "./schema.gen";

type Schemas = components["schemas"];

export type Project = Schemas["Project"];
export type ProjectInput = Schemas["ProjectInput"];
export type Constraint = Schemas["Constraint"];
export type Budget = Schemas["Budget"];
export type Run = Schemas["RunSummary"];
export type RunDetail = Schemas["RunDetail"];
export type RunPage = Schemas["RunPage"];
export type RunInput = Schemas["RunInput"];
export type Usage = Schemas["Usage"];
export type Call = Schemas["Call"];
export type CallPage = Schemas["CallPage"];
export type Results = Schemas["Results"];
export type RankedCandidate = Schemas["ResultCandidate"];
export type Evaluation = Schemas["Evaluation"];
export type Scenario = Schemas["ResultScenario"];
export type Health = Schemas["Health"];
export type Verdict = Schemas["Verdict"];
export type Anomaly = Schemas["Anomaly"];
export type Typical = Schemas["Typical"];
export type LastFailure = Schemas["LastFailure"];
export type Trends = Schemas["Trends"];
export type TrendRun = Schemas["TrendRun"];
export type TrendDay = Schemas["TrendDay"];
export type TrendFailure = Schemas["TrendFailure"];
export type Spend = Schemas["Spend"];
export type Estimate = Schemas["Estimate"];
export type Range = Schemas["EstimateRange"];
export type Comparison = Schemas["Comparison"];
export type Status = Run["status"];
export type Mode = Run["mode"];

/** In the order in which a run goes through them. */
export const PHASES = ["design", "scenarios", "evaluation", "ranking"] as const;
export type Phase = (typeof PHASES)[number];

export function isLive(run: { status: Status }): boolean {
  return run.status === "running" || run.status === "created";
}
