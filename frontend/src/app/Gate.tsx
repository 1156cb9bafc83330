import { Activity, lazy, Suspense, useEffect, useRef } from "react";
import { Outlet, useLocation } from "react-router";
import { onChange, useIsShut, useVisit } from "../api/session";
import { ViewSkeleton } from "../ui/Skeleton";
import { ErrorBoundary } from "./ErrorBoundary";
import { useKeptAnswers } from "./session";

const SignIn = lazy(() => import("./SignIn"));

/**
 * The view, or the sign-in before it. The view then stays as it is, out of sight and asking nothing:
 * with what was typed, and with the dialog that was open.
 */
export function Gate() {
  const { pathname } = useLocation();
  const isShut = useIsShut();
  useKeptAnswers(isShut);
  useReturn(isShut);
  return (
    <>
      {isShut && (
        <ErrorBoundary at={pathname}>
          <Suspense fallback={<ViewSkeleton />}>
            <SignIn />
          </Suspense>
        </ErrorBoundary>
      )}
      <Activity key={useVisit()} mode={isShut ? "hidden" : "visible"}>
        <ErrorBoundary at={pathname}>
          <Suspense fallback={<ViewSkeleton />}>
            <Outlet />
          </Suspense>
        </ErrorBoundary>
      </Activity>
    </>
  );
}

/** Behind the sign-in one is where one was: as far down, with focus in the view or its dialog. */
function useReturn(isShut: boolean) {
  const wasShut = useRef(isShut);
  const down = useRef(0);
  const visit = useVisit();
  useEffect(() => {
    // While the view is still there to be measured.
    if (!isShut) return onChange(() => (down.current = window.scrollY));
  }, [isShut]);
  // biome-ignore lint/correctness/useExhaustiveDependencies: each sign-out is the event
  useEffect(() => {
    down.current = 0;
  }, [visit]);
  useEffect(() => {
    if (wasShut.current && !isShut) {
      window.scrollTo(0, down.current);
      if (document.activeElement === document.body) {
        document.getElementById("main")?.focus({ preventScroll: true });
      }
    }
    wasShut.current = isShut;
  }, [isShut]);
}
