import { type MouseEvent, type ReactNode, useLayoutEffect, useRef } from "react";
import css from "./Dialog.module.css";

interface Props {
  label: string;
  onClose: () => void;
  /** For one question: as large as what it holds. */
  small?: boolean;
  children: ReactNode;
}

/**
 * The browser's own modal dialog: the page behind is inert and focus stays inside. Whoever opens it
 * owns its state, so Esc and the backdrop only ask to close.
 */
export function Dialog({ label, onClose, small = false, children }: Props) {
  const ref = useRef<HTMLDialogElement>(null);

  useLayoutEffect(() => {
    const dialog = ref.current;
    dialog?.showModal();
    // What is read from its top has focus as a whole, so that no button stands out unasked.
    if (!small) dialog?.focus();
    // Closing before the element goes gives focus back to where it was.
    return () => dialog?.close();
  }, [small]);

  function closeFromBackdrop(event: MouseEvent) {
    if (event.target === ref.current) onClose();
  }

  return (
    // biome-ignore lint/a11y/useKeyWithClickEvents: Esc is the keyboard's way, through onCancel
    <dialog
      ref={ref}
      className={`${css.dialog} ${small ? css.small : ""}`}
      aria-label={label}
      tabIndex={-1}
      onCancel={(event) => {
        // React lets it rise from a dialog over this one.
        if (event.target !== event.currentTarget) return;
        event.preventDefault();
        onClose();
      }}
      onClose={() => {
        // A browser may close it over our heads, on a second Esc.
        if (ref.current && !ref.current.open) onClose();
      }}
      onClick={closeFromBackdrop}
    >
      <div className={css.sheet}>{children}</div>
    </dialog>
  );
}
