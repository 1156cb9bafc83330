import { type ReactNode, useEffect, useState } from "react";
import { Button } from "./Button";
import css from "./CopyButton.module.css";

type Outcome = "idle" | "copied" | "refused";

interface Props {
  children: ReactNode;
  /** Asked for only when it is copied. */
  text: () => string;
  /** What is copied, where the words on the button do not say it. */
  label?: string;
}

export function CopyButton({ children, text, label }: Props) {
  const [outcome, setOutcome] = useState<Outcome>("idle");
  const words = { idle: children, copied: "Copied", refused: "Copying is blocked" };

  useEffect(() => {
    if (outcome === "idle") return;
    const timer = setTimeout(() => setOutcome("idle"), 2000);
    return () => clearTimeout(timer);
  }, [outcome]);

  async function copy() {
    try {
      await navigator.clipboard.writeText(text());
      setOutcome("copied");
    } catch {
      // The clipboard needs a secure page and the reader's leave.
      setOutcome("refused");
    }
  }

  return (
    <Button onClick={copy} title={label}>
      <span className={css.words}>
        <span aria-live="polite">{words[outcome]}</span>
        <span className={css.room} aria-hidden="true">
          {words.idle}
        </span>
        <span className={css.room} aria-hidden="true">
          {words.copied}
        </span>
      </span>
    </Button>
  );
}
