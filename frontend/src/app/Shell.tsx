import { Suspense } from "react";
import { Link, Outlet, useLocation } from "react-router";
import { paths } from "../lib/paths";
import mark from "../ui/mark.svg";
import { ViewSkeleton } from "../ui/Skeleton";
import { ErrorBoundary } from "./ErrorBoundary";
import css from "./Shell.module.css";
import { ThemeSwitch } from "./ThemeSwitch";
import { useArrival } from "./useArrival";

export function Shell() {
  const { pathname } = useLocation();
  useArrival();
  return (
    <>
      <a className={css.skip} href="#main">
        Skip to content
      </a>
      <header className={css.header}>
        <Link to={paths.projects()} className={css.home}>
          <img src={mark} alt="" width="20" height="20" />
          Crucible
        </Link>
        <span id="crumbs" className={css.crumbs} />
        <ThemeSwitch />
      </header>
      <main id="main" className={css.main} tabIndex={-1}>
        <ErrorBoundary at={pathname}>
          <Suspense fallback={<ViewSkeleton />}>
            <Outlet />
          </Suspense>
        </ErrorBoundary>
      </main>
    </>
  );
}
