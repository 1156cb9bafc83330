import { useEffect } from "react";

const PRODUCT = "Crucible";

/** The name of the tab. A view that has none, such as an error, goes under the product's. */
export function PageTitle({ children }: { children: string }) {
  useEffect(() => {
    document.title = `${children} · ${PRODUCT}`;
    return () => {
      document.title = PRODUCT;
    };
  }, [children]);
  return null;
}
