import { useEffect } from "react";

const PRODUCT = "Crucible";

interface Named {
  over: number;
  words: string;
}

/** What is on screen, in whatever order it came: a project, a tab of it, a dialog over that. */
const named: Named[] = [];

interface Props {
  children: string;
  /** How many things this one stands over: it is named before them. */
  over?: 0 | 1 | 2;
}

/** A part of the name of the browser's tab: `#42 failed · Checkout p99 · Crucible`. */
export function PageTitle({ children, over = 0 }: Props) {
  useEffect(() => {
    const mine = { over, words: children };
    named.push(mine);
    draw();
    return () => {
      named.splice(named.indexOf(mine), 1);
      draw();
    };
  }, [children, over]);
  return null;
}

/** Controls, and what turns the direction: a title has no markup that could hold them in. */
const UNWANTED = /[\p{Cc}\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]+/gu;

function draw() {
  const words = [...named].sort((a, b) => b.over - a.over).map((one) => one.words);
  document.title = [...words, PRODUCT].join(" · ").replace(UNWANTED, " ");
}
