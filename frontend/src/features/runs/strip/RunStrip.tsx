import { useQuery } from "@tanstack/react-query";
import { useMemo } from "react";
import { useLocation, useNavigate } from "react-router";
import { plural } from "../../../lib/format";
import { paths } from "../../../lib/paths";
import { useChoice } from "../../../lib/useChoice";
import { Segments } from "../../../ui/Segments";
import { trendsQuery, verdictQuery } from "../queries";
import { Bars } from "./Bars";
import { type Bar, barsOf, type Measure } from "./bars";
import { Readout } from "./Readout";
import css from "./RunStrip.module.css";
import { useRoving } from "./useRoving";
import { oddRuns } from "./usual";

const MEASURES = [
  { value: "duration_seconds", label: "Duration" },
  { value: "cost_usd", label: "Cost" },
] as const;

interface Props {
  projectId: string;
  live: boolean;
}

/** The last runs side by side, with what is usual behind them: what left the band stands out. */
export function RunStrip({ projectId, live }: Props) {
  const [measure, setMeasure] = useChoice<Measure>("bars", ["duration_seconds", "cost_usd"]);
  const { data: trends, error } = useQuery(trendsQuery(projectId, live));
  const { data: verdict } = useQuery(verdictQuery(projectId, live));
  const bars = useMemo(
    () => barsOf(trends?.runs ?? [], measure, oddRuns(verdict, measure)),
    [trends, verdict, measure],
  );
  const ids = bars.map(({ run }) => run.id);
  const { active, stop, handlers } = useRoving(ids, useOpen(projectId));
  return (
    <section className={css.strip} aria-label="The last runs">
      <div className={css.top}>
        <Readout
          bar={bars.find(({ run }) => run.id === active)}
          measure={measure}
          words={trends ? summary(bars) : error && `Not known: ${error.message}`}
        />
        <Segments
          label="Height of the bars"
          options={MEASURES}
          value={measure}
          onChange={setMeasure}
        />
      </div>
      {bars.length > 0 && (
        <div
          className={css.frame}
          role="listbox"
          aria-orientation="horizontal"
          aria-label={`${plural(bars.length, "run")}, oldest first; Enter opens one`}
          {...handlers}
        >
          <Bars bars={bars} measure={measure} stop={stop} active={active} />
        </div>
      )}
    </section>
  );
}

function summary(bars: readonly Bar[]): string {
  const band = bars.some((bar) => bar.band) ? " · shaded: usual for their size" : "";
  return `${bars.length === 1 ? "The only run" : `Last ${bars.length} runs`}${band}`;
}

function useOpen(projectId: string) {
  const navigate = useNavigate();
  const { search } = useLocation();
  return (id: string) => {
    const state = { fromList: true, fromStrip: true };
    navigate({ pathname: paths.run(projectId, id), search }, { state });
  };
}
