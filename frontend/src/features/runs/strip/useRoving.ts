import { type FocusEvent, type KeyboardEvent, type MouseEvent, useState } from "react";
import { barId } from "./Bars";

/**
 * One stop for Tab, arrows from bar to bar. `active` is what is pointed at or has focus, until Esc;
 * `stop` is where Tab comes to: the bar that had focus last, at first the newest.
 */
export function useRoving(ids: readonly string[], open: (id: string) => void) {
  const [pointed, setPointed] = useState<string | null>(null);
  const [focused, setFocused] = useState<string | null>(null);
  const [last, setLast] = useState<string | null>(null);
  const known = (id: string | null) => (id !== null && ids.includes(id) ? id : undefined);

  function onKeyDown(event: KeyboardEvent) {
    if (event.metaKey || event.ctrlKey || event.altKey || event.shiftKey) return;
    const id = idOf(event);
    const at = ids.indexOf(id ?? "");
    const end = ids.length - 1;
    const to = { ArrowLeft: at - 1, ArrowRight: at + 1, Home: 0, End: end }[event.key];
    if (event.key === "Escape") {
      setPointed(null);
      setFocused(null);
    }
    if (to !== undefined) document.getElementById(barId(ids[clamp(to, end)] ?? ""))?.focus();
    else if (id && (event.key === "Enter" || event.key === " ")) open(id);
    else return;
    event.preventDefault();
  }

  function onFocus(event: FocusEvent) {
    setPointed(null);
    setFocused(idOf(event));
    setLast(idOf(event));
  }

  function onClick(event: MouseEvent) {
    const id = idOf(event);
    if (id) open(id);
  }

  return {
    active: known(pointed) ?? known(focused),
    stop: known(last) ?? ids.at(-1),
    handlers: {
      onKeyDown,
      onFocus,
      onBlur: () => setFocused(null),
      onMouseMove: (event: MouseEvent) => setPointed(idOf(event)),
      onMouseLeave: () => setPointed(null),
      onClick,
    },
  };
}

function idOf({ target }: { target: EventTarget }): string | null {
  const bar = target instanceof Element ? target.closest<HTMLElement>("[data-run]") : null;
  return bar?.dataset.run ?? null;
}

function clamp(place: number, end: number): number {
  return Math.max(0, Math.min(end, place));
}
