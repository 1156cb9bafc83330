import "@testing-library/jest-dom/vitest";
import { cleanup, configure } from "@testing-library/react";
import { afterAll, afterEach, beforeAll } from "vitest";
import { letIn } from "../api/session";
import { forgetSession } from "../app/session";
import { server } from "./server";

// A view comes in a file of its own, which a busy machine takes a while to read.
configure({ asyncUtilTimeout: 5000 });

// jsdom knows the element, not its modal behaviour; Chromium tests that in tests/browser.
HTMLDialogElement.prototype.showModal = function show() {
  this.open = true;
};
HTMLDialogElement.prototype.close = function close() {
  this.open = false;
};

// Dates are written as the reader's browser does.
Object.defineProperty(Navigator.prototype, "language", { configurable: true, get: () => "en-GB" });

window.scrollTo = () => {};

beforeAll(() => server.listen({ onUnhandledRequest: "error" }));
afterEach(() => {
  cleanup();
  forgetSession();
  letIn();
  server.resetHandlers();
});
afterAll(() => server.close());
