import { expect, test, vi } from "vitest";

test("figures are written as the reader writes them; what is typed keeps one notation", async () => {
  vi.spyOn(navigator, "language", "get").mockReturnValue("de-DE");
  vi.resetModules();
  const { formatCost, formatCount, formatDuration, formatTokens } = await import("./format");
  const { formatLimit, limitText } = await import("./limits");
  expect(formatCount(12345)).toBe("12.345");
  expect(formatTokens(51_200)).toBe("51,2k");
  expect(formatDuration(4.21)).toBe("4,21s");
  expect(formatCost(1234.5)).toBe("1.234,50\u00a0$");
  expect(formatCost(0.001)).toBe("<0,01\u00a0$");
  const budget = {
    max_cost_usd: 0.5,
    max_total_tokens: 12_345,
    max_llm_calls: null,
    max_duration_seconds: null,
  };
  expect(limitText("max_total_tokens", budget)).toBe("12,345");
  expect(limitText("max_cost_usd", budget)).toBe("0.5");
  expect(formatLimit("max_cost_usd", 0.5)).toBe("$0.50");
});

test("a language that is none is no fault of the page", async () => {
  vi.spyOn(navigator, "language", "get").mockReturnValue("en-US@posix");
  vi.resetModules();
  const { formatCount } = await import("./format");
  expect(formatCount(12345)).toBe("12,345");
});

/** The module anew, as it is where this language is spoken. */
async function formatsOf(language: string) {
  vi.spyOn(navigator, "language", "get").mockReturnValue(language);
  vi.resetModules();
  return await import("./format");
}

test.each([
  ["en-US", "Nov 1, 2026", "12,345", "$0.42"],
  ["en-GB", "1 Nov 2026", "12,345", "$0.42"],
  ["de-DE", "1. Nov. 2026", "12.345", "0,42\u00a0$"],
  ["hi-IN", "1 नव॰ 2026", "12,345", "$0.42"],
])("%s: dates and figures", async (language, date, number, cost) => {
  const { formatAgo, formatCost, formatCount } = await formatsOf(language);
  expect(formatAgo("2026-11-01T12:00:00.000Z", Date.parse("2027-01-01T00:00:00.000Z"))).toBe(date);
  expect(formatAgo("2026-11-01T12:00:00.000Z", Date.parse("2026-11-01T14:00:00.000Z"))).toBe(
    "2 h ago",
  );
  expect(formatCount(12345)).toBe(number);
  expect(formatCost(0.42)).toBe(cost);
});

test.each(["ar-EG", "fa-IR", "mr-IN"])(
  "%s: digits are 0 to 9 and run from left to right",
  async (language) => {
    const { formatCost, formatCount, formatDuration, formatMoment } = await formatsOf(language);
    const moment = formatMoment("2026-11-01T12:00:00.000Z");
    for (const text of [formatCost(1234.5), formatCount(12345), formatDuration(4.21)]) {
      expect(text).toMatch(/^[\d.,\u00a0\u202f$s\u066b\u066c]+$/);
    }
    expect(moment).toMatch(/2026|1405|1448/);
    expect(moment).not.toMatch(/[\u0660-\u0669\u06f0-\u06f9\u0966-\u096f]/);
  },
);

test("the hour that comes twice when summer time ends is told apart, and half hours are kept", async () => {
  const zone = process.env.TZ;
  try {
    process.env.TZ = "Europe/Berlin";
    const berlin = await formatsOf("en-GB");
    expect(berlin.formatMoment("2026-10-25T00:30:00.000Z")).toBe("25 Oct 2026, 02:30:00 CEST");
    expect(berlin.formatMoment("2026-10-25T01:30:00.000Z")).toBe("25 Oct 2026, 02:30:00 CET");
    expect(berlin.timeZone()).toBe("Europe/Berlin");
    process.env.TZ = "Asia/Kathmandu";
    const nepal = await formatsOf("en-US");
    expect(nepal.formatMoment("2026-10-25T00:30:00.000Z")).toMatch(/6:15:00\sAM GMT\+5:45$/);
  } finally {
    if (zone === undefined) delete process.env.TZ;
    else process.env.TZ = zone;
  }
});
