import { Link, useLocation } from "react-router";
import type { Anomaly } from "../../../api/types";
import { formatRatio, inWords, MISSING, plural } from "../../../lib/format";
import { paths } from "../../../lib/paths";
import { ButtonLink } from "../../../ui/Button";
import { CopyButton } from "../../../ui/CopyButton";
import css from "./Finding.module.css";
import { comparedBy, MEASURES } from "./measure";

const SHOWN = 8;

interface Props {
  projectId: string;
  found: Anomaly;
  /** Of runs whose number is known, by id. */
  numbers: ReadonlyMap<string, number>;
}

/** One thing out of line: in words, in figures, in runs, and what to look at next. */
export function Finding({ projectId, found, numbers }: Props) {
  const measure = MEASURES[found.metric];
  const compared = comparedBy(found.next);
  const isWarning = found.severity === "warning";
  return (
    <li className={`${css.finding} ${isWarning ? css.warning : css.critical}`}>
      <p className={css.severity}>
        <span aria-hidden="true">{isWarning ? "△" : "✕"} </span>
        {found.severity}
      </p>
      <h3>{inWords(found.summary)}</h3>
      <dl className={css.facts}>
        <Fact name={`${measure.name} now`}>
          {measure.format(found.observed)}
          {measure.isSize && found.ratio !== null && (
            <span className={css.soft}> · {formatRatio(found.ratio)}</span>
          )}
        </Fact>
        {found.baseline !== null && <Fact name="before">{measure.format(found.baseline)}</Fact>}
        <Fact name="compared with">
          {found.sample_size > 0 ? plural(found.sample_size, "earlier run") : MISSING}
        </Fact>
        {found.phase && <Fact name="most of it in">{found.phase}</Fact>}
        {found.model && <Fact name="served by">{found.model}</Fact>}
        <Fact name="since">
          <RunLink projectId={projectId} id={found.since_run.id} number={found.since_run.number} />
        </Fact>
      </dl>
      <Runs projectId={projectId} found={found} numbers={numbers} />
      <p className={css.next}>
        <code>{found.next}</code>
        {compared && (
          <ButtonLink to={paths.compare(projectId, compared.head, compared.base)}>
            Compare
          </ButtonLink>
        )}
        <CopyButton text={() => found.next} label="Copy the command">
          Copy
        </CopyButton>
      </p>
    </li>
  );
}

function Fact({ name, children }: { name: string; children: React.ReactNode }) {
  return (
    <div>
      <dt>{name}</dt>
      <dd>{children}</dd>
    </div>
  );
}

/** The newest of the runs. Where a number is not known, the id says as much in more letters. */
function Runs({ projectId, found, numbers }: Props) {
  const newest = found.run_ids.slice(-SHOWN).reverse();
  const rest = found.run_ids.length - newest.length;
  if (found.run_ids.length < 2) return null;
  return (
    <p className={css.runs}>
      <span>{plural(found.run_ids.length, "run")}:</span>
      {newest.map((id) => (
        <RunLink key={id} projectId={projectId} id={id} number={numbers.get(id)} />
      ))}
      {rest > 0 && <span>and {plural(rest, "earlier one")}</span>}
    </p>
  );
}

interface RunLinkProps {
  projectId: string;
  id: string;
  number: number | undefined;
}

function RunLink({ projectId, id, number }: RunLinkProps) {
  const { search } = useLocation();
  return (
    <Link to={{ pathname: paths.run(projectId, id), search }} state={{ fromList: true }}>
      {number === undefined ? id.slice(0, 13) : `#${number}`}
    </Link>
  );
}
