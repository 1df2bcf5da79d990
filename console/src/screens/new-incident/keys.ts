/** The keys of the call form, by physical place, so that they are the same on Latin and Cyrillic layouts. They work while somebody types. */
import { useEffect, useLayoutEffect, useRef } from "react";
import { keysAreOn } from "../../ui/keys";

/** 1 to 9, from the row or the pad; null for any other key. */
export function digitOf(event: KeyboardEvent): number | null {
  if (event.ctrlKey || event.metaKey || event.altKey || event.shiftKey) return null;
  const found = /^(?:Digit|Numpad)([1-9])$/.exec(event.code);
  return found ? Number(found[1]) : null;
}

/** "F4" and "Alt+KeyS" name keys; a dialog that is open has them to itself. */
export function useFormKeys(keys: Record<string, () => void>): void {
  const current = useRef(keys);
  // Before the page is painted: whoever sees a button enabled and presses its key must not meet the keys of the drawing before.
  useLayoutEffect(() => {
    current.current = keys;
  });
  useEffect(() => {
    const press = (event: KeyboardEvent) => {
      if (event.ctrlKey || event.metaKey || event.shiftKey || event.defaultPrevented || !keysAreOn()) return;
      const act = current.current[`${event.altKey ? "Alt+" : ""}${event.code}`];
      if (!act || document.querySelector("[role=dialog]")) return;
      event.preventDefault();
      act();
    };
    document.addEventListener("keydown", press);
    return () => document.removeEventListener("keydown", press);
  }, []);
}
