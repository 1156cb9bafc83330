export interface Part {
  name: string;
  base: number | null;
  head: number | null;
  delta: number;
}

interface Placed extends Part {
  /** Shares of the lane, which has its zero in the middle. */
  left: number;
  width: number;
}

/** Places differences on one scale, so that lengths can be compared. */
export function placed(parts: readonly Part[]): Placed[] {
  const most = Math.max(...parts.map((part) => Math.abs(part.delta)));
  return parts.map((part) => {
    const width = most > 0 ? Math.abs(part.delta) / most / 2 : 0;
    return { ...part, width, left: part.delta < 0 ? 0.5 - width : 0.5 };
  });
}
