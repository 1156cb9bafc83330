import { useEffect, useState } from "react";
import { Button } from "../../../ui/Button";

type Outcome = "idle" | "copied" | "refused";

const WORDS: Record<Outcome, string> = {
  idle: "Copy as JSON",
  copied: "Copied",
  refused: "Copying is blocked",
};

export function CopyJson({ value }: { value: unknown }) {
  const [outcome, setOutcome] = useState<Outcome>("idle");

  useEffect(() => {
    if (outcome === "idle") return;
    const timer = setTimeout(() => setOutcome("idle"), 2000);
    return () => clearTimeout(timer);
  }, [outcome]);

  async function copy() {
    try {
      await navigator.clipboard.writeText(JSON.stringify(value, null, 2));
      setOutcome("copied");
    } catch {
      // The clipboard needs a secure page and the reader's leave.
      setOutcome("refused");
    }
  }

  return (
    <Button onClick={copy}>
      <span aria-live="polite">{WORDS[outcome]}</span>
    </Button>
  );
}
