/**
 * The one place where figures become text. Every function takes null for "not known" and answers
 * with an em dash: a missing figure never looks like a zero.
 */
type Figure = number | null | undefined;

export const MISSING = "—";

/**
 * One rule: numbers, money, dates and times of day are written as the reader's browser writes them,
 * in its time zone, which is named; words and units are English, and so are relative times (`2 h
 * ago`). Digits are 0 to 9, so that `4,21s` and `2m 05s` look alike in every language.
 */
const LOCALE = readersLocale();

function readersLocale(): string {
  try {
    return new Intl.Locale(navigator.language, { numberingSystem: "latn" }).toString();
  } catch {
    return "en-US";
  }
}

const count = new Intl.NumberFormat(LOCALE, { maximumFractionDigits: 0 });
const dollars = money(2);
const wholeDollars = money(0);
const allOfIt = money(0, 12);
const tenths = decimals(1);
const hundredths = decimals(2);

/** The dollar is the dollar: no locale says `US$`. */
function money(least: number, most = least) {
  const format = new Intl.NumberFormat(LOCALE, {
    style: "currency",
    currency: "USD",
    currencyDisplay: "narrowSymbol",
    minimumFractionDigits: least,
    maximumFractionDigits: most,
    useGrouping: most < 12,
  });
  return { format: (usd: number) => plainly(format.format(usd)) };
}

/** The page runs from left to right: marks that turn a figure around have no place in it. */
function plainly(text: string): string {
  return text.replaceAll(/[\u061c\u200e\u200f]/g, "").replace("US$", "$");
}

/** Rounded as the command line rounds: by the number that is stored, not by how it is written. */
function decimals(digits: number) {
  const format = new Intl.NumberFormat(LOCALE, {
    minimumFractionDigits: digits,
    maximumFractionDigits: digits,
    useGrouping: false,
  });
  return (value: number) => format.format(Number(value.toFixed(digits)));
}

export function formatCount(value: Figure): string {
  return value == null ? MISSING : count.format(value);
}

export function formatTokens(value: Figure): string {
  if (value == null) return MISSING;
  if (value < 1000) return count.format(value);
  if (value < 999_950) return `${tenths(value / 1000)}k`;
  return `${hundredths(value / 1_000_000)}M`;
}

/** `3ms`, `4.21s`, `41s`, `2m 05s`, `1h 02m 03s`. */
export function formatDuration(seconds: Figure): string {
  if (seconds == null) return MISSING;
  if (seconds < 0.9995) return seconds > 0 && seconds < 0.001 ? "<1ms" : `${ms(seconds)}ms`;
  if (seconds < 9.995) return `${hundredths(seconds)}s`;
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

/** `$0`, `<$0.01`, `$0.42`. A lower bound reads `≥ $0.42`, `≥ $0.0034`. */
export function formatCost(usd: Figure, unpricedCalls = 0): string {
  if (usd == null) return MISSING;
  const isTiny = usd > 0 && usd < 0.01;
  const tiny = `<${dollars.format(0.01)}`;
  const text = usd === 0 ? wholeDollars.format(0) : isTiny ? tiny : dollars.format(usd);
  if (unpricedCalls === 0) return text;
  // "≥ <$0.01" says nothing that a reader could use.
  return isTiny ? `≥ ${formatExactCost(twoDigitsBelow(usd))}` : `≥ ${text}`;
}

/** Cut, not rounded: a lower bound must stay one. */
function twoDigitsBelow(usd: number): number {
  const text = usd.toFixed(12);
  return Number(text.slice(0, text.search(/[1-9]/) + 2));
}

/** To the last digit: costs are sums of pico-dollars. */
export function formatExactCost(usd: Figure): string {
  return usd == null ? MISSING : allOfIt.format(usd);
}

/** Less than a cent to two digits that tell something: `$0.005`, `$0.0034`. */
export function formatFineCost(usd: Figure): string {
  if (usd == null || usd === 0 || Math.abs(usd) >= 0.01) return formatCost(usd);
  return formatExactCost(Number(usd.toPrecision(2)));
}

/** A difference with its sign: `+1m 28s`, `−$0.03`, `same`. */
export function formatDelta(value: Figure, format: (size: number) => string): string {
  if (value == null) return MISSING;
  if (value === 0) return "same";
  return `${value < 0 ? "−" : "+"}${format(Math.abs(value))}`;
}

/** A score in [0, 1] or a ratio of scores. */
export function formatScore(value: Figure): string {
  return value == null ? MISSING : hundredths(value);
}

export function formatShare(part: Figure, whole: Figure): string {
  if (part == null || !whole) return MISSING;
  const percent = (part / whole) * 100;
  return percent > 0 && percent < 1 ? "<1%" : `${Math.round(percent)}%`;
}

interface Range {
  p50: number | null;
  p90: number | null;
}

/** `$0.09–$0.20`: as likely as not below the first, nine in ten below the second. */
export function formatRange({ p50, p90 }: Range, format: (value: Figure) => string): string {
  const [low, high] = [format(p50), format(p90)];
  return p90 === null || low === high ? low : `${low}–${high}`;
}

/** `3.2 ×`; a part of what it was reads `0.75 ×`. */
export function formatRatio(value: Figure): string {
  if (value == null) return MISSING;
  return `${(value < 1 ? hundredths : tenths)(value)} ×`;
}

// Made once: each takes longer to make than a row takes to draw.
const date = new Intl.DateTimeFormat(LOCALE, {
  day: "numeric",
  month: "short",
  year: "numeric",
});
const moment = new Intl.DateTimeFormat(LOCALE, {
  day: "numeric",
  month: "short",
  year: "numeric",
  hour: "2-digit",
  minute: "2-digit",
  second: "2-digit",
  timeZoneName: "short",
});
const day = new Intl.DateTimeFormat(LOCALE, { day: "numeric", month: "short", timeZone: "UTC" });

/** A date in letters that run from right to left is kept to itself. */
function isolated(text: string): string {
  return /[\u0590-\u08ff]/.test(text) ? `\u2068${text}\u2069` : text;
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
  return isolated(date.format(then));
}

/** How old something on screen is: `8 s`, `3 min`, `2 h`. */
export function formatAge(seconds: number): string {
  if (seconds < MINUTE) return `${Math.max(0, Math.floor(seconds))} s`;
  if (seconds < HOUR) return `${Math.floor(seconds / MINUTE)} min`;
  return `${Math.floor(seconds / HOUR)} h`;
}

/** Local time with its zone. */
export function formatMoment(iso: string | null | undefined): string {
  if (!iso) return MISSING;
  return isolated(moment.format(new Date(iso)));
}

/** A calendar day, `21 Nov`: it is that day wherever one reads it. */
export function formatDay(iso: string | null | undefined): string {
  if (!iso) return MISSING;
  return isolated(day.format(new Date(`${iso}T00:00:00Z`)));
}

export function timeZone(): string {
  return moment.resolvedOptions().timeZone;
}

/** `1 run`, `2 runs`. */
export function plural(value: number, one: string, many = `${one}s`): string {
  return `${formatCount(value)} ${value === 1 ? one : many}`;
}

/** Words of the API in a sentence: `provider_rate_limited` reads `provider rate limited`. */
export function inWords(text: string): string {
  return text.replaceAll(/\b[a-z]+(?:_[a-z]+)+\b/g, (word) => word.replaceAll("_", " "));
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
