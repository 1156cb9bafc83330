import { useEffect, useRef } from "react";

/** After a refusal, focus goes to the first field that is wrong. Give the result to the form. */
export function useFirstError(error: Error | null) {
  const form = useRef<HTMLFormElement>(null);
  useEffect(() => {
    if (error) form.current?.querySelector<HTMLElement>("[aria-invalid]")?.focus();
  }, [error]);
  return form;
}
