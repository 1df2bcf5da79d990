/** Focuses the place of a call at once; what is typed before the form is drawn is held for it, away from the keys of the desk. */
const PLACE = ".new-incident .place-field input";
const LOOK_MS = 15;
const LONGEST_MS = 3000; // A form that is not there by then is not coming: the keys go where they would.

let stop: (() => void) | null = null;

export function focusPlace(): void {
  stop?.();
  const drawn = document.querySelector<HTMLInputElement>(PLACE);
  if (drawn) return drawn.focus();
  let held = "";
  const hold = (event: KeyboardEvent) => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing) return;
    if (event.key === "Escape") return stop?.();
    if (event.key === "Backspace") held = held.slice(0, -1);
    else if (event.key.length === 1) held += event.key;
    else return;
    event.preventDefault();
    event.stopImmediatePropagation();
  };
  const began = performance.now();
  const timer = setInterval(() => {
    const field = document.querySelector<HTMLInputElement>(PLACE);
    if (!field && performance.now() - began < LONGEST_MS) return;
    stop?.();
    if (!field) return;
    field.focus();
    if (held === "") return;
    field.setRangeText(held, field.value.length, field.value.length, "end");
    field.dispatchEvent(new Event("input", { bubbles: true }));
  }, LOOK_MS);
  stop = () => {
    clearInterval(timer);
    removeEventListener("keydown", hold, true);
    stop = null;
  };
  addEventListener("keydown", hold, true);
}
