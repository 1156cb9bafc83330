import { useEffect, useEffectEvent, useRef, useState } from "react";
import css from "./SearchField.module.css";

interface Props {
  label: string;
  value: string;
  /** Told when typing rests, or at once on Enter. */
  onChange: (value: string) => void;
}

const REST_MS = 300;

/** The search of a view: `/` goes to it. */
export function SearchField({ label, value, onChange }: Props) {
  const [typed, setTyped] = useState(value);
  const told = useRef(value);
  const sayLater = useEffectEvent(sayNow);

  // Back and Forward change the value over the head of who typed it.
  useEffect(() => {
    if (value === told.current) return;
    told.current = value;
    setTyped(value);
  }, [value]);

  useEffect(() => {
    if (typed.trim() === told.current) return;
    const timer = setTimeout(() => sayLater(), REST_MS);
    return () => clearTimeout(timer);
  }, [typed]);

  function sayNow() {
    const words = typed.trim();
    if (words === told.current) return;
    told.current = words;
    onChange(words);
  }

  return (
    <span className={css.field}>
      <input
        type="search"
        className={css.search}
        aria-label={label}
        aria-keyshortcuts="/"
        placeholder={label}
        maxLength={200}
        autoComplete="off"
        spellCheck={false}
        value={typed}
        onChange={(event) => setTyped(event.target.value)}
        onKeyDown={(event) => event.key === "Enter" && sayNow()}
      />
      <span className={css.key} aria-hidden="true">
        /
      </span>
    </span>
  );
}
