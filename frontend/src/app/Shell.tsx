import { Suspense } from "react";
import { Link, Outlet } from "react-router";
import { paths } from "../lib/paths";
import mark from "../ui/mark.svg";
import { ViewSkeleton } from "../ui/Skeleton";
import css from "./Shell.module.css";
import { ThemeSwitch } from "./ThemeSwitch";

export function Shell() {
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
        <Suspense fallback={<ViewSkeleton />}>
          <Outlet />
        </Suspense>
      </main>
    </>
  );
}
