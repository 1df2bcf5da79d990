/** The purpose that holds now, for the bar and the dialogs; the server keeps it, this only remembers what it said. */
import { useSyncExternalStore } from "react";
import type { Purpose } from "../api/access";

let held: Purpose | null = null;
const listeners = new Set<() => void>();

export function keepPurpose(purpose: Purpose | null): void {
  held = purpose;
  for (const listener of listeners) listener();
}

function subscribe(listener: () => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

export function usePurpose(): Purpose | null {
  return useSyncExternalStore(subscribe, () => held);
}
