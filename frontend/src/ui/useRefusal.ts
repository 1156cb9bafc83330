import { useState } from "react";
import { ApiError, type FieldErrors } from "../api/client";

/** What keeps a form from being sent, and otherwise what the server said of it. */
export function useRefusal(answered: Error | null) {
  const [early, setEarly] = useState<ApiError | null>(null);

  /** Whether a form may be sent; what is wrong is shown as the server's own refusal would be. */
  function accepts(errors: FieldErrors, otherwise = ""): boolean {
    const isFine = Object.keys(errors).length === 0 && otherwise === "";
    setEarly(isFine ? null : new ApiError(422, "invalid", otherwise, errors));
    return isFine;
  }

  return { refusal: early ?? answered, accepts };
}
