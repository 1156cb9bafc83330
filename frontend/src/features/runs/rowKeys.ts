import type { KeyboardEvent } from "react";

const STEPS: Record<string, number> = { ArrowDown: 1, j: 1, ArrowUp: -1, k: -1 };

/** From the link of one row to that of the next: rows are read down, not through their cells. */
export function walkRows(event: KeyboardEvent<HTMLElement>) {
  if (event.metaKey || event.ctrlKey || event.altKey || event.shiftKey) return;
  const links = [...event.currentTarget.querySelectorAll<HTMLElement>("tr a")];
  const at = links.indexOf(document.activeElement as HTMLElement);
  const step = STEPS[event.key];
  const to = { Home: 0, End: links.length - 1 }[event.key] ?? (step ? at + step : null);
  if (at < 0 || to === null) return;
  event.preventDefault();
  links[to]?.focus();
}
