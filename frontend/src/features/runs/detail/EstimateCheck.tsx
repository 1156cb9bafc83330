import { isLive, type RunDetail } from "../../../api/types";
import { capitalize, formatRange } from "../../../lib/format";
import { Missing } from "../../../ui/Figure";
import css from "./EstimateCheck.module.css";
import { type Foretold, foretold } from "./foretold";
import { Section } from "./Section";

/** What was said before it started, against what came. */
export function EstimateCheck({ run }: { run: RunDetail }) {
  const rows = foretold(run);
  const note = run.estimate?.basis?.note;
  if (rows.length === 0) return null;
  return (
    <Section title="Estimate and actual">
      <dl className={css.rows}>
        {rows.map((row) => (
          <Row key={row.name} row={row} live={isLive(run)} />
        ))}
      </dl>
      {note && <p className={css.note}>{capitalize(note)}.</p>}
    </Section>
  );
}

function Row({ row, live }: { row: Foretold; live: boolean }) {
  const { actual, expected, format } = row;
  return (
    <div>
      <dt>{row.name}</dt>
      <dd>
        {actual === null ? (
          <Missing why={`${capitalize(row.name)} is not known`} />
        ) : (
          `${row.isBound ? "≥ " : ""}${format(actual)}${live ? " so far" : ""}`
        )}
        {row.isOver && (
          <span className={css.over} title={`More than ${format(expected.p90)}, the p90`}>
            <span aria-hidden="true">▲ </span>above the estimate
          </span>
        )}
        <span
          className={css.expected}
          title="As likely as not below the first, nine in ten below the second"
        >
          estimated {formatRange(expected, format)}
        </span>
      </dd>
    </div>
  );
}
