const SHORTFALL = /^\d.* came; the ranking is from these/;

/** Whether a note tells of too few of something: it belongs beside what was made. */
export function isShortfall(note: string): boolean {
  return SHORTFALL.test(note);
}
