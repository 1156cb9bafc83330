import { useMutation, useQueryClient } from "@tanstack/react-query";
import { type FormEvent, useEffect, useMemo, useState } from "react";
import { ApiError } from "../api/client";
import { formatAge, plural } from "../lib/format";
import { useNow } from "../lib/useNow";
import { Announcement } from "../ui/Announcement";
import { Button } from "../ui/Button";
import { Field, FormError, sentence } from "../ui/Field";
import { formErrors } from "../ui/formErrors";
import { PageTitle } from "../ui/PageTitle";
import { useFirstError } from "../ui/useFirstError";
import { useRefusal } from "../ui/useRefusal";
import css from "./SignIn.module.css";
import { signIn, useHasSignedIn } from "./session";

/** Stands before whatever the address points to, until the server has its token. */
export default function SignIn() {
  const hasSignedIn = useHasSignedIn();
  return (
    <section className={css.view} aria-labelledby="sign-in">
      <PageTitle>Sign in</PageTitle>
      <div>
        <h1 id="sign-in">Sign in</h1>
        <p className={css.why}>
          {hasSignedIn
            ? "Your session has ended. Sign in again to go on where you were."
            : "This server asks for its access token."}
        </p>
      </div>
      <TokenForm />
    </section>
  );
}

function TokenForm() {
  const [token, setToken] = useState("");
  const attempt = useMutation(signIn(useQueryClient()));
  const answered = useMemo(() => told(attempt.error), [attempt.error]);
  const { refusal, accepts } = useRefusal(answered);
  const errors = formErrors(refusal, (name) => name === "token");
  const form = useFirstError(refusal);
  const [waiting, setWaiting] = useState(0);
  const isIdle = !attempt.isPending && waiting === 0;

  function submit(event: FormEvent) {
    event.preventDefault();
    if (!isIdle) return;
    const given = token.trim();
    if (!accepts(given ? {} : { token: ["takes the access token"] })) return;
    attempt.mutate(given, { onError: (error) => setWaiting(toWait(error)) });
  }

  return (
    <form ref={form} className={css.form} onSubmit={submit} noValidate>
      {waiting > 0 && (
        <FormError>
          Too many wrong tokens: the next try is possible in {plural(waiting, "second")}.
        </FormError>
      )}
      {errors.rest && !isLimited(refusal) && <FormError>{errors.rest}</FormError>}
      {/* Who pressed Enter in the field is in it still: focus that stays tells nothing. */}
      <Announcement>{sentence(errors.at("token") ?? [])}</Announcement>
      {/* Password managers keep a token under a name. */}
      <input type="text" name="username" autoComplete="username" value="crucible" readOnly hidden />
      <Field
        label="Access token"
        hint={
          <>
            The server's <code>CRUCIBLE_API_TOKEN</code>; ask whoever runs it.
          </>
        }
        errors={errors.at("token")}
      >
        {(control) => (
          <input
            {...control}
            type="password"
            name="password"
            autoComplete="current-password"
            autoCapitalize="none"
            spellCheck={false}
            // biome-ignore lint/a11y/noAutofocus: it is all there is to do here
            autoFocus
            value={token}
            onChange={(event) => setToken(event.target.value)}
          />
        )}
      </Field>
      <Button kind="primary" type="submit" className={css.button} aria-disabled={!isIdle}>
        {waiting > 0 ? (
          <Countdown from={waiting} onOver={() => setWaiting(0)} />
        ) : attempt.isPending ? (
          "Signing in…"
        ) : (
          "Sign in"
        )}
      </Button>
      <p className={css.note}>
        This browser then stays signed in for 30 days, or until you sign out.
      </p>
    </form>
  );
}

/** A wrong token is told at its field. */
function told(error: Error | null): Error | null {
  if (!(error instanceof ApiError) || error.status !== 401) return error;
  return new ApiError(401, error.code, error.message, { token: [error.message] });
}

const WAIT_SECONDS = 6;

/** After too many wrong ones the server looks at none for a while. */
function isLimited(error: Error | null): error is ApiError {
  return error instanceof ApiError && error.status === 429;
}

function toWait(error: Error): number {
  return isLimited(error) ? (error.retryAfterSeconds ?? WAIT_SECONDS) : 0;
}

function Countdown({ from, onOver }: { from: number; onOver: () => void }) {
  const [began] = useState(() => Date.now());
  const left = Math.ceil(from - (useNow(1000) - began) / 1000);
  useEffect(() => {
    if (left <= 0) onOver();
  }, [left, onOver]);
  return `Wait ${formatAge(left)}`;
}
