import { Button } from "../ui/Button";
import { Dialog } from "../ui/Dialog";
import css from "./ShortcutsDialog.module.css";

const SHORTCUTS: readonly { where: string; keys: readonly (readonly [string, string])[] }[] = [
  {
    where: "Everywhere",
    keys: [
      ["?", "This list"],
      ["Esc", "Close what is open"],
      ["Tab", "To the next link, button or field"],
    ],
  },
  {
    where: "Run History",
    keys: [
      ["/", "Search"],
      ["↑ ↓", "From row to row, also k and j; Home and End to the first and the last"],
      ["Enter", "Open the run"],
      ["← →", "Along the strip of the last runs; Home and End to its ends"],
    ],
  },
  {
    where: "A run",
    keys: [
      ["j", "Next run of the list"],
      ["k", "Previous run of the list"],
    ],
  },
];

export default function ShortcutsDialog({ onClose }: { onClose: () => void }) {
  return (
    <Dialog label="Keyboard shortcuts" small onClose={onClose}>
      <header className={css.head}>
        <h2>Keyboard shortcuts</h2>
        <Button kind="quiet" onClick={onClose} aria-label="Close" title="Close (Esc)">
          <span aria-hidden="true">✕</span>
        </Button>
      </header>
      {SHORTCUTS.map(({ where, keys }) => (
        <section key={where} className={css.group}>
          <h3>{where}</h3>
          <dl>
            {keys.map(([key, words]) => (
              <div key={key}>
                <dt>
                  {key.split(" ").map((one) => (
                    <kbd key={one}>{one}</kbd>
                  ))}
                </dt>
                <dd>{words}</dd>
              </div>
            ))}
          </dl>
        </section>
      ))}
    </Dialog>
  );
}
