import { capitalize, formatDelta, MISSING } from "../../lib/format";
import { type Part, placed } from "./bars";
import css from "./DeltaTable.module.css";

interface Props {
  title: string;
  what: string;
  base: string;
  head: string;
  parts: readonly Part[];
  /** Names that say more than their key. */
  names?: Record<string, string>;
  format: (value: number) => string;
  /** There are no figures of either side, only their difference. */
  isSplit?: boolean;
}

/** Differences by part, each a bar to the right for more, to the left for less. */
export function DeltaTable({ title, what, base, head, parts, names, format, isSplit }: Props) {
  const show = (value: number | null) => (value === null ? MISSING : format(value));
  return (
    <table className={css.table} aria-label={title}>
      <thead>
        <tr>
          <th scope="col">{what}</th>
          {!isSplit && <th scope="col">{base}</th>}
          {!isSplit && <th scope="col">{head}</th>}
          <th scope="col" className={css.axis}>
            <span>less</span>
            <span>more</span>
          </th>
          <th scope="col">Difference</th>
        </tr>
      </thead>
      <tbody>
        {placed(parts).map((part) => (
          <tr key={part.name}>
            <th scope="row">{capitalize(names?.[part.name] ?? part.name)}</th>
            {!isSplit && <td data-label={base}>{show(part.base)}</td>}
            {!isSplit && <td data-label={head}>{show(part.head)}</td>}
            <td className={css.track}>
              <span className={css.lane}>
                <span
                  className={part.delta > 0 ? css.more : css.less}
                  style={{ left: `${part.left * 100}%`, width: `${part.width * 100}%` }}
                />
              </span>
            </td>
            <td className={`${css.delta} ${part.delta === 0 ? css.same : ""}`}>
              {formatDelta(part.delta, format)}
            </td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}
