/**
 * Keys of the desk, by physical place (event.code), so that they are the same on Latin and Cyrillic layouts. They rest while
 * somebody types or a dialog is open, and a person who does not want them can turn them off.
 */
import { useEffect, useLayoutEffect, useRef } from "react";

const OFF_KEY = "markaz.keys.off";

export function keysAreOn(): boolean {
  return localStorage.getItem(OFF_KEY) !== "1";
}

export function turnKeys(on: boolean): void {
  localStorage.setItem(OFF_KEY, on ? "0" : "1");
}

/** "Shift+Slash" and the like name a key with Shift held; every other modifier leaves the key to the browser. */
export function useKeys(keys: Record<string, () => void>): void {
  const current = useRef(keys);
  // Before the page is painted: a key pressed on what is seen must not meet the keys of the drawing before.
  useLayoutEffect(() => {
    current.current = keys;
  });
  useEffect(() => {
    const press = (event: KeyboardEvent) => {
      if (event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented || !keysAreOn()) return;
      if ((isTyping(event.target) && !FUNCTION_KEY.test(event.code)) || isPressing(event) || document.querySelector("[role=dialog],[role=menu],[role=listbox][data-open]")) return;
      const act = current.current[`${event.shiftKey ? "Shift+" : ""}${event.code}`];
      if (!act) return;
      event.preventDefault();
      act();
    };
    document.addEventListener("keydown", press);
    return () => document.removeEventListener("keydown", press);
  }, []);
}

/** Nobody types text with them, so they act while a field is being filled too. */
const FUNCTION_KEY = /^F\d+$/;

/** A tick box takes no text: whoever has just ticked a unit may go on with a key of the desk. */
function isTyping(target: EventTarget | null): boolean {
  if (target instanceof HTMLInputElement && target.type === "checkbox") return false;
  return target instanceof HTMLElement && (target.isContentEditable || /^(INPUT|TEXTAREA|SELECT)$/.test(target.tagName));
}

/** Enter and Space on a button or link press it: that is what whoever tabbed there means. */
function isPressing(event: KeyboardEvent): boolean {
  return (event.code === "Enter" || event.code === "Space") && event.target instanceof Element && event.target.closest("button, a, summary, [role=button]") !== null;
}
