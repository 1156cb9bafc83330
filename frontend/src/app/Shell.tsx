import { lazy, Suspense, useCallback, useState } from "react";
import { Link } from "react-router";
import { paths } from "../lib/paths";
import { Button } from "../ui/Button";
import { Gate } from "./Gate";
import { Mark } from "./Mark";
import css from "./Shell.module.css";
import { SignOut } from "./SignOut";
import { useServerWatch } from "./serverWatch";
import { ThemeSwitch } from "./ThemeSwitch";
import { useArrival } from "./useArrival";
import { useShortcuts } from "./useShortcuts";

const ShortcutsDialog = lazy(() => import("./ShortcutsDialog"));

export function Shell() {
  const [isHelping, setHelping] = useState(false);
  useArrival();
  useServerWatch();
  useShortcuts(useCallback(() => setHelping(true), []));
  return (
    <>
      <a className={css.skip} href="#main">
        Skip to content
      </a>
      <header className={css.header}>
        <Link to={paths.projects()} className={css.home}>
          <Mark />
          Crucible
        </Link>
        <span id="crumbs" className={css.crumbs} />
        <Button
          kind="quiet"
          onClick={() => setHelping(true)}
          aria-label="Keyboard shortcuts"
          aria-keyshortcuts="?"
          aria-haspopup="dialog"
          title="Keyboard shortcuts (?)"
        >
          <span aria-hidden="true">?</span>
        </Button>
        <ThemeSwitch />
        <SignOut />
      </header>
      <main id="main" className={css.main} tabIndex={-1}>
        <Gate />
      </main>
      {isHelping && (
        <Suspense fallback={null}>
          <ShortcutsDialog onClose={() => setHelping(false)} />
        </Suspense>
      )}
    </>
  );
}
