import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useEffect } from "react";
import { useIsShut } from "../api/session";
import { Announcement } from "../ui/Announcement";
import { Button } from "../ui/Button";
import css from "./SignOut.module.css";
import { forgetSession, sessionQuery, signOut, useHasSignedIn } from "./session";

/** Only where there is a session to end. */
export function SignOut() {
  const isShut = useIsShut();
  return useHasSignedIn() && !isShut ? <Offer /> : null;
}

function Offer() {
  const { data: session } = useQuery(sessionQuery);
  const leaving = useMutation(signOut(useQueryClient()));
  const isNeedless = session?.required === false;
  useEffect(() => {
    if (isNeedless) forgetSession();
  }, [isNeedless]);
  return (
    <>
      <Button
        kind="quiet"
        title="Sign out"
        disabled={leaving.isPending}
        onClick={() => leaving.mutate()}
      >
        <Icon />
        <span className={css.word}>{leaving.isError ? "Retry sign-out" : "Sign out"}</span>
      </Button>
      <Announcement>{leaving.error ? `Not signed out. ${leaving.error.message}` : ""}</Announcement>
    </>
  );
}

function Icon() {
  return (
    <svg className={css.icon} viewBox="0 0 16 16" width="16" height="16" aria-hidden="true">
      <path
        d="M9.5 2.5h-6v11h6M6.5 8h7.5M11.5 5.5L14 8l-2.5 2.5"
        fill="none"
        stroke="currentColor"
        strokeWidth="1.5"
        strokeLinecap="round"
        strokeLinejoin="round"
      />
    </svg>
  );
}
