import { type ReactNode, useEffect, useState } from "react";
import { createPortal } from "react-dom";
import css from "./Crumbs.module.css";

/** A view says where it stands; the words appear in the header. */
export function Crumbs({ children }: { children: ReactNode }) {
  const [slot, setSlot] = useState<HTMLElement | null>(null);
  useEffect(() => setSlot(document.getElementById("crumbs")), []);
  if (!slot || !children) return null;
  return createPortal(
    <span className={css.crumbs}>
      <span>{children}</span>
    </span>,
    slot,
  );
}
