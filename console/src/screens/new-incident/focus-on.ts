/** Moves the focus on in the call form to what comes next, as soon as that is drawn. */
const LOOK_MS = 20; // The field that was left closes its list first.
const LOOKS = 100; // Two seconds: a slow machine draws late.

/** Focuses the first of these selectors that is there. While none is, a person who goes elsewhere is left there. */
export function focusOn(...selectors: string[]): void {
  const left = document.activeElement;
  let looks = 0;
  const look = () => {
    const next = selectors.map((selector) => document.querySelector<HTMLElement>(`.new-incident ${selector}`)).find(Boolean);
    if (next) return next.focus();
    looks += 1;
    const now = document.activeElement;
    if (looks < LOOKS && (now === left || now === document.body)) setTimeout(look, LOOK_MS);
  };
  setTimeout(look, LOOK_MS);
}
