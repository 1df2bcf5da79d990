/** Tells the centre which incident this desk has open, and reads the names of colleagues once for each session. */
import { useEffect, useSyncExternalStore } from "react";
import { Command, read } from "../api/client";
import type { Colleague } from "../api/types";
import { session } from "../session";

const BEAT_MS = 20_000;

let open: string | null = null;

/** A beat that is lost is made up by the next; the centre also sees that the stream is there. */
function beat(): void {
  void new Command("PUT", "/api/presence", { incident_id: open }).send({ attempts: 1 }).catch(() => undefined);
}

/** Once for the whole page: this desk is there. */
export function useBeat(isOn: boolean): void {
  useEffect(() => {
    if (!isOn) return;
    beat();
    const timer = setInterval(beat, BEAT_MS);
    return () => clearInterval(timer);
  }, [isOn]);
}

/** While the caller is shown, colleagues see that this desk has the incident open. */
export function usePresence(incidentId: string | null, isOn: boolean): void {
  useEffect(() => {
    if (!isOn || incidentId === null) return;
    open = incidentId;
    beat();
    return () => {
      open = null;
      beat();
    };
  }, [incidentId, isOn]);
}

let names: ReadonlyMap<string, string> = new Map();
let asked = false;
const listeners = new Set<() => void>();

session.whenLeaving(() => {
  names = new Map();
  asked = false;
});

/** Display names of the people of the desks by account; empty until they are here. */
export function useColleagues(isOn: boolean): ReadonlyMap<string, string> {
  useEffect(() => {
    if (!isOn || asked) return;
    asked = true;
    read<{ items: Colleague[] }>("/api/colleagues").then(
      ({ items }) => {
        names = new Map(items.map((one) => [one.id, one.display_name]));
        for (const listener of [...listeners]) listener();
      },
      () => (asked = false),
    );
  }, [isOn]);
  return useSyncExternalStore(
    (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    () => names,
  );
}
