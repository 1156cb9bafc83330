/**
 * The one place where figures become text. Every function takes null for "not known" and answers
 * with an em dash: a missing figure never looks like a zero.
 */
type Figure = number | null | undefined;

export const MISSING = "—";

const count = new Intl.NumberFormat("en-US", { maximumFractionDigits: 0 });
const dollars = new Intl.NumberFormat("en-US", {
  style: "currency",
  currency: "USD",
});

export function formatCount(value: Figure): string {
  return value == null ? MISSING : count.format(value);
}

export function formatTokens(value: Figure): string {
  if (value == null) return MISSING;
  if (value < 1000) return count.format(value);
  if (value < 999_950) return `${(value / 1000).toFixed(1)}k`;
  return `${(value / 1_000_000).toFixed(2)}M`;
}

/** `3ms`, `4.21s`, `41s`, `2m 05s`, `1h 02m 03s`. */
export function formatDuration(seconds: Figure): string {
  if (seconds == null) return MISSING;
  if (seconds < 0.9995) return seconds > 0 && seconds < 0.001 ? "<1ms" : `${ms(seconds)}ms`;
  if (seconds < 9.995) return `${seconds.toFixed(2)}s`;
  const whole = Math.round(seconds);
  if (whole < 60) return `${whole}s`;
  const [h, m, s] = [Math.floor(whole / 3600), Math.floor((whole % 3600) / 60), whole % 60];
  return h > 0 ? `${h}h ${two(m)}m ${two(s)}s` : `${m}m ${two(s)}s`;
}

/** A clock that ticks: whole seconds, so that it does not flicker. */
export function formatElapsed(seconds: Figure): string {
  if (seconds == null) return MISSING;
  return seconds < 10
    ? `${Math.floor(Math.max(0, seconds))}s`
    : formatDuration(Math.floor(seconds));
}

/** `$0`, `<$0.01`, `$0.42`. A lower bound reads `≥ $0.42`. */
export function formatCost(usd: Figure, unpricedCalls = 0): string {
  if (usd == null) return MISSING;
  const text = usd === 0 ? "$0" : usd < 0.01 ? "<$0.01" : dollars.format(usd);
  if (unpricedCalls === 0) return text;
  // "≥ <$0.01" says nothing that a reader could use.
  return usd > 0 && usd < 0.01 ? `≥ ${formatExactCost(usd)}` : `≥ ${text}`;
}

/** To the last digit: costs are sums of pico-dollars. */
export function formatExactCost(usd: Figure): string {
  if (usd == null) return MISSING;
  return `$${usd.toFixed(12).replace(/\.?0+$/, "")}`;
}

/** A score in [0, 1] or a ratio of scores. */
export function formatScore(value: Figure): string {
  return value == null ? MISSING : value.toFixed(2);
}

export function formatShare(part: Figure, whole: Figure): string {
  if (part == null || !whole) return MISSING;
  const percent = (part / whole) * 100;
  return percent > 0 && percent < 1 ? "<1%" : `${Math.round(percent)}%`;
}

const MINUTE = 60;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

export function formatAgo(iso: string | null | undefined, now: number): string {
  if (!iso) return MISSING;
  const then = Date.parse(iso);
  const age = (now - then) / 1000;
  if (age < 45) return "just now";
  if (age < 59.5 * MINUTE) return `${Math.max(1, Math.round(age / MINUTE))} min ago`;
  if (age < 23.5 * HOUR) return `${Math.round(age / HOUR)} h ago`;
  if (age < 30 * DAY) return `${Math.round(age / DAY)} d ago`;
  return new Intl.DateTimeFormat("en-GB", { dateStyle: "medium" }).format(then);
}

/** Local time with its zone. */
export function formatMoment(iso: string | null | undefined): string {
  if (!iso) return MISSING;
  return new Intl.DateTimeFormat("en-GB", {
    day: "numeric",
    month: "short",
    year: "numeric",
    hour: "2-digit",
    minute: "2-digit",
    second: "2-digit",
    timeZoneName: "short",
  }).format(new Date(iso));
}

export function timeZone(): string {
  return Intl.DateTimeFormat().resolvedOptions().timeZone;
}

/** `1 run`, `2 runs`. */
export function plural(value: number, one: string, many = `${one}s`): string {
  return `${formatCount(value)} ${value === 1 ? one : many}`;
}

export function capitalize(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}

function ms(seconds: number): number {
  return Math.round(seconds * 1000);
}

function two(value: number): string {
  return String(value).padStart(2, "0");
}
