import { useLocation, useNavigate, useSearchParams } from "react-router";
import type { Results } from "../../api/types";
import { capitalize, formatScore, MISSING } from "../../lib/format";
import { useChoice } from "../../lib/useChoice";
import { Segments } from "../../ui/Segments";
import { CellDialog } from "./CellDialog";
import { type Cell, grid, heatScale, type Measure, measured, placeOf } from "./grid";
import css from "./Matrix.module.css";

const MEASURES = [
  { value: "I", label: "I", title: "Quality over cost: higher is better" },
  { value: "P", label: "P", title: "Prediction quality, 0 to 1: higher is better" },
  { value: "R", label: "R", title: "Resource cost: higher is dearer" },
] as const;

/** The name of a cell in the address, so that Back closes its explanation. */
function cellName({ candidate, scenario }: Cell): string {
  return `${candidate.id}.${scenario.id}`;
}

export function Matrix({ results }: { results: Results }) {
  const [measure, setMeasure] = useChoice<Measure>("figure", ["I", "P", "R"]);
  const [params] = useSearchParams();
  const { state } = useLocation();
  const navigate = useNavigate();
  const rows = grid(results);
  const heat = heatScale(rows, measure);
  const open = rows
    .flatMap((row) => row.cells)
    .find((cell) => cellName(cell) === params.get("cell"));

  function close() {
    if ((state as { fromMatrix?: boolean } | null)?.fromMatrix) navigate(-1);
    else navigate({ search: withCell(null) }, { replace: true });
  }

  function withCell(name: string | null): string {
    const next = new URLSearchParams(params);
    if (name) next.set("cell", name);
    else next.delete("cell");
    return next.toString();
  }

  return (
    <section className={css.section} aria-labelledby="matrix">
      <div className={css.top}>
        <h2 id="matrix">Candidates × scenarios</h2>
        <Segments label="Figure shown" options={MEASURES} value={measure} onChange={setMeasure} />
      </div>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: a keyboard must be able to scroll it when it is wide */}
      <section className={css.frame} aria-label="Matrix of candidates and scenarios" tabIndex={0}>
        <table className={css.matrix}>
          <thead>
            <tr>
              <th scope="col">Candidate</th>
              {results.scenarios.map((scenario, i) => (
                <th key={scenario.id} scope="col" title={scenario.name}>
                  <abbr title={scenario.name}>S{i + 1}</abbr>
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {rows.map(({ candidate, cells }) => (
              <tr key={candidate.id}>
                <th
                  scope="row"
                  title={candidate.title}
                  className={placeOf(candidate) === null ? css.unranked : undefined}
                >
                  <span className={css.place}>{placeOf(candidate) ?? MISSING}</span>
                  <span className={css.name}>{candidate.title}</span>
                </th>
                {cells.map((cell) => (
                  <td key={cell.scenario.id}>
                    <CellButton
                      cell={cell}
                      measure={measure}
                      heat={heat}
                      onOpen={() =>
                        navigate(
                          { search: withCell(cellName(cell)) },
                          { state: { fromMatrix: true } },
                        )
                      }
                    />
                  </td>
                ))}
              </tr>
            ))}
          </tbody>
        </table>
      </section>
      <ol className={css.legend} aria-label="Scenarios">
        {results.scenarios.map((scenario, i) => (
          <li key={scenario.id} title={scenario.name}>
            <b>S{i + 1}</b> {scenario.name}
          </li>
        ))}
      </ol>
      {open && <CellDialog cell={open} onClose={close} />}
    </section>
  );
}

interface CellButtonProps {
  cell: Cell;
  measure: Measure;
  heat: (value: number) => number;
  onOpen: () => void;
}

function CellButton({ cell, measure, heat, onOpen }: CellButtonProps) {
  const { candidate, scenario, evaluation } = cell;
  const place = `${candidate.title}, ${scenario.name}`;
  if (!evaluation) {
    const why = cell.reason ? capitalize(cell.reason) : "Not evaluated";
    return (
      <button type="button" className={css.gap} title={why} onClick={onOpen}>
        <span aria-hidden="true">{MISSING}</span>
        <span className={css.spoken}>{`${place}: missing. ${why}`}</span>
      </button>
    );
  }
  const value = measured(evaluation, measure);
  return (
    <button
      type="button"
      className={css.cell}
      title={place}
      aria-label={`${place}: ${measure} ${formatScore(value)}`}
      style={{ "--heat": `${8 + heat(value) * 34}%` } as React.CSSProperties}
      onClick={onOpen}
    >
      {formatScore(value)}
    </button>
  );
}
