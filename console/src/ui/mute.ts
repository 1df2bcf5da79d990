/**
 * Whether routine alarms are muted: for one person and one sign-in. The next at this computer starts with every sound, and so does
 * the same person on the next shift.
 */
import { session } from "../session";

const KEY = "markaz.alarms.muted";

export function isMutedBy(account_id: string): boolean {
  return localStorage.getItem(KEY) === account_id;
}

export function setMuted(account_id: string, on: boolean): void {
  if (on) localStorage.setItem(KEY, account_id);
  else localStorage.removeItem(KEY);
}

// Signed out by hand, or found to be on opening the page: either way the sign-in is over.
session.subscribe(() => {
  if (session.current.kind === "signed_out") localStorage.removeItem(KEY);
});
