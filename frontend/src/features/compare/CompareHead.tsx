import { useQuery } from "@tanstack/react-query";
import { Link, useNavigate } from "react-router";
import type { Run } from "../../api/types";
import { formatDuration } from "../../lib/format";
import { paths } from "../../lib/paths";
import { ButtonLink } from "../../ui/Button";
import { Select } from "../../ui/Select";
import { StatusMark } from "../../ui/StatusMark";
import { When } from "../../ui/When";
import css from "./CompareHead.module.css";
import { recentQuery } from "./queries";

type Side = Pick<Run, "id" | "number" | "project_id" | "status" | "created_at" | "label">;

interface Props {
  projectId: string;
  run: Side | undefined;
  otherId: string;
  other?: Side;
}

/** Which two they are; the other one can be chosen anew. */
export function CompareHead({ projectId, run, otherId, other }: Props) {
  const navigate = useNavigate();
  const { data: recent } = useQuery(recentQuery(projectId));
  const choices = (recent ?? []).filter(({ id }) => id !== run?.id);
  const isListed = choices.some(({ id }) => id === otherId);
  if (!run) return null;
  return (
    <header className={css.head}>
      <h2>
        #{run.number} {other ? `against #${other.number}` : "has no earlier run to compare with"}
      </h2>
      <div className={css.tools}>
        {(choices.length > 0 || other) && (
          <Select
            label="Against"
            value={otherId}
            onChange={(id) => navigate(paths.compare(projectId, run.id, id), { replace: true })}
          >
            {!otherId && <option value="">choose a run</option>}
            {other && !isListed && <option value={otherId}>#{other.number}</option>}
            {choices.map((choice) => (
              <option key={choice.id} value={choice.id}>
                {nameOf(choice)}
              </option>
            ))}
          </Select>
        )}
        {other && (
          <ButtonLink to={paths.compare(projectId, other.id, run.id)} replace>
            Swap
          </ButtonLink>
        )}
      </div>
      <dl className={css.sides}>
        {other && <SideFacts name="base" side={other} />}
        {run.id !== other?.id && <SideFacts name={other ? "head" : ""} side={run} />}
      </dl>
    </header>
  );
}

/** Base and head are the words of the command and of the notes. */
function SideFacts({ name, side }: { name: string; side: Side }) {
  return (
    <div>
      <dt>
        <Link to={paths.run(side.project_id, side.id)}>#{side.number}</Link>
      </dt>
      <dd>
        <span>{name}</span>
        <StatusMark status={side.status} />
        {side.label && (
          <span className={css.label} title={side.label}>
            {side.label}
          </span>
        )}
        <When at={side.created_at} />
      </dd>
    </div>
  );
}

function nameOf({ number, status, label, duration_seconds: seconds }: Run): string {
  return [`#${number}`, label, status, seconds !== null && formatDuration(seconds)]
    .filter(Boolean)
    .join(" · ");
}
