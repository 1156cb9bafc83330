import { Button } from "../ui/Button";
import css from "./ThemeSwitch.module.css";
import { setTheme, THEMES, useTheme } from "./theme";

export function ThemeSwitch() {
  const theme = useTheme();
  const next = THEMES[(THEMES.indexOf(theme) + 1) % THEMES.length] ?? "system";
  return (
    <Button kind="quiet" onClick={() => setTheme(next)} title={`Switch to ${next}`}>
      <span aria-hidden="true">◐</span>
      <span className={css.name}>
        <span className={css.word}>Theme: </span>
        {theme}
      </span>
    </Button>
  );
}
