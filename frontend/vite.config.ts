import react from "@vitejs/plugin-react";
import { defineConfig } from "vitest/config";
import { weightCheck } from "./weight.ts";

export default defineConfig({
  plugins: [react(), weightCheck()],
  build: {
    outDir: "../backend/crucible/_web",
    emptyOutDir: true,
    // The page is served under a CSP without `unsafe-inline` and `data:`.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    // What Run History needs comes in one file; each other view in its own.
    rolldownOptions: {
      output: { codeSplitting: { groups: [{ name: "index", tags: ["$initial"] }] } },
    },
  },
  server: {
    host: "127.0.0.1",
    // As an object: a bare address has vite change the Host, and the server refuses what a page of
    // another origin posts.
    proxy: { "/api": { target: "http://127.0.0.1:8765" } },
  },
  test: {
    environment: "jsdom",
    setupFiles: ["src/testing/setup.ts"],
    css: { modules: { classNameStrategy: "non-scoped" } },
    restoreMocks: true,
    testTimeout: 20_000,
  },
});
