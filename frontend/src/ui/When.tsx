import { formatAgo, formatMoment } from "../lib/format";
import { useNow } from "../lib/useNow";

export function When({ at }: { at: string }) {
  const now = useNow(20_000);
  return (
    <time dateTime={at} title={formatMoment(at)}>
      {formatAgo(at, now)}
    </time>
  );
}
