import createClient from "openapi-fetch";
import type { paths } from "./schema.gen";
import { currentEra, shutOut } from "./session";

export type FieldErrors = Record<string, string[]>;

/** What the server refused, in the words of problem+json; `status` 0 means that it did not answer. */
export class ApiError extends Error {
  readonly status: number;
  readonly code: string;
  readonly errors: FieldErrors;
  /** How long the server asks to wait before the next try. */
  readonly retryAfterSeconds: number | null;

  constructor(
    status: number,
    code: string,
    message: string,
    errors: FieldErrors = {},
    retryAfterSeconds: number | null = null,
  ) {
    super(message);
    this.name = "ApiError";
    this.status = status;
    this.code = code;
    this.errors = errors;
    this.retryAfterSeconds = retryAfterSeconds;
  }
}

export const client = createClient<paths>({
  baseUrl: window.location.origin,
  // Looked up at each call, so that a test's interceptor is seen.
  fetch: (request) => globalThis.fetch(request),
  querySerializer: { array: { style: "form", explode: true } },
});

interface Answer<T> {
  data?: T;
  error?: unknown;
  response: Response;
}

/**
 * The body of a successful answer; anything else is thrown as an `ApiError`. A 401 also shows the
 * sign-in, whoever asked.
 */
export async function answer<T>(call: Promise<Answer<T>>): Promise<T> {
  const asked = currentEra();
  const { data, error, response } = await arrived(call);
  if (response.ok && data !== undefined) return data;
  if (response.status === 401) {
    shutOut(asked);
    throw new ApiError(401, "unauthorized", "You were not signed in, so it was not done.");
  }
  throw toApiError(response, error);
}

/** The same for what is answered without a body. Here a 401 is about what was sent. */
export async function done(call: Promise<Answer<unknown>>): Promise<void> {
  const { error, response } = await arrived(call);
  if (!response.ok) throw toApiError(response, error);
}

async function arrived<T>(call: Promise<Answer<T>>): Promise<Answer<T>> {
  return call.catch((cause: unknown) => {
    if (cause instanceof DOMException && cause.name === "AbortError") throw cause;
    throw new ApiError(0, "unreachable", "The server did not answer.");
  });
}

function toApiError(response: Response, body: unknown): ApiError {
  const problem = isRecord(body) ? body : {};
  const code = typeof problem.code === "string" ? problem.code : "unexpected";
  const detail = [problem.detail, problem.title].find((text) => typeof text === "string" && text);
  const message = typeof detail === "string" ? detail : `The server answered ${response.status}.`;
  // Seconds, or a date, which this server never sends.
  const wait = Number.parseInt(response.headers.get("Retry-After") ?? "", 10);
  const retryAfter = Number.isNaN(wait) ? null : wait;
  return new ApiError(response.status, code, message, flatten(problem.errors), retryAfter);
}

/** Field names as dotted paths, `constraints.0.weight`, however the server wrote or nested them. */
function flatten(errors: unknown, prefix = ""): FieldErrors {
  if (Array.isArray(errors)) return prefix ? { [dotted(prefix)]: errors.map(String) } : {};
  if (!isRecord(errors)) return {};
  return Object.assign(
    {},
    ...Object.entries(errors).map(([key, value]) =>
      flatten(value, prefix ? `${prefix}.${key}` : key),
    ),
  );
}

function dotted(name: string): string {
  return name.replace(/\[(\d+)\]/g, ".$1");
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null;
}
