import { StrictMode } from "react";
import { createRoot } from "react-dom/client";
import { App } from "./app/App";
import { watchFocus } from "./app/queryClient";
import { applyTheme } from "./app/theme";
import "./ui/base.css";

applyTheme();
watchFocus();

const root = document.getElementById("root");
if (root) {
  createRoot(root).render(
    <StrictMode>
      <App />
    </StrictMode>,
  );
}
