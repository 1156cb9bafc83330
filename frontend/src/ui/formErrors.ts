import { ApiError, type FieldErrors } from "../api/client";

export interface FormErrors {
  at: (field: string) => string[] | undefined;
  /** What no field of the form can show: the sentence itself, or complaints about other fields. */
  rest: string | null;
}

/** Splits a refusal among the fields that a form has. */
export function formErrors(error: Error | null, hasField: (name: string) => boolean): FormErrors {
  const fields: FieldErrors = error instanceof ApiError ? error.errors : {};
  const others = Object.entries(fields)
    .filter(([name]) => !hasField(name))
    .map(([name, messages]) => `${name}: ${messages.join(" ")}`);
  const isUnexplained = error !== null && Object.keys(fields).length === 0;
  const rest = isUnexplained ? error.message : others.join(" ");
  return { at: (field) => fields[field], rest: rest || null };
}

/** What an empty field says that must not be empty: the length of a text is no help to begin with. */
export function askFor(what: string, field: string, text: string): FieldErrors {
  return text.trim() === "" ? { [field]: [`give it a ${what}`] } : {};
}
