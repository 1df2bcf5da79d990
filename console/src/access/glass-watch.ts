/**
 * Broken glass for those whom no alarm reaches: a data-protection officer has no live picture, so the console asks. Asking leaves no
 * entry: nobody's data is in the answer. What somebody has noticed is silent in this browser; it stays a task until it is judged.
 */
import { useEffect, useMemo, useState } from "react";
import { ApiError, read } from "../api/client";
import { may } from "../api/permissions";
import type { Me } from "../api/types";
import { useLive } from "../context";
import { backoff_ms, pause } from "../live/backoff";
import { derived } from "../live/derived";
import { session } from "../session";

const EVERY_MS = 4_000;
const HIDDEN_MS = 10_000;
const TASKS_EVERY_MS = 60_000;

export interface GlassNews {
  id: string;
  by: { name: string };
  reference: string;
  territory_id: number;
  broken_at: string;
}

export interface GlassWatch {
  isOn: boolean;
  waiting: readonly GlassNews[];
  unnoticed: readonly GlassNews[];
  /** Tasks of this person whose day is over; null while nobody knows. */
  pastDay: number | null;
  /** Since when the centre does not answer: then a page without a band says nothing. */
  lost_ms: number | null;
  notice(id: string): void;
}

const shownAsAlarms = derived(["alarms"], (store) => new Set([...store.alarms.values()].flatMap((one) => (one.kind === "break_glass" && one.number !== null ? [one.number] : []))));

/** Whoever judges broken glass in a territory whose alarms are not theirs. */
function isWatcher(me: Me): boolean {
  return may(me, "judge_glass") && (!may(me, "alarms") || me.grants.some((grant) => grant.role === "data_protection_officer"));
}

export function useGlassWatch(me: Me): GlassWatch {
  const isOn = isWatcher(me);
  const key = `markaz.glass.noticed.${me.account.id}`;
  const [every, setEvery] = useState<readonly GlassNews[]>([]);
  const [noticed, setNoticed] = useState(() => noticedIn(key));
  const [lost_ms, setLost] = useState<number | null>(null);
  const pastDay = usePastDay(isOn && may(me, "tasks"));
  const alarms = useLive("alarms", shownAsAlarms);

  useEffect(() => {
    if (!isOn) return;
    const leaving = new AbortController();
    const answered = (items: GlassNews[]) => {
      setEvery((held) => (isSame(held, items) ? held : items));
      const kept = new Set([...noticedIn(key)].filter((id) => items.some((one) => one.id === id)));
      setNoticed((held) => (held.size === kept.size && [...kept].every((id) => held.has(id)) ? held : kept));
      setLost(null);
    };
    const missed = (error: unknown) => {
      if (error instanceof ApiError && error.status === 403) setEvery([]);
      setLost((since) => since ?? session.store.time.now_ms());
    };
    void asking("/api/access/glass?waiting=true", () => (document.hidden ? HIDDEN_MS : EVERY_MS), answered, missed, leaving.signal);
    return () => leaving.abort();
  }, [isOn, key]);

  const waiting = useMemo(() => (isOn ? every.filter((one) => !alarms.has(one.reference)) : []), [isOn, every, alarms]);
  const unnoticed = useMemo(() => waiting.filter((one) => !noticed.has(one.id)), [waiting, noticed]);
  const notice = (id: string) => {
    const next = new Set([...noticedIn(key), id].filter((one) => every.some((glass) => glass.id === one)));
    localStorage.setItem(key, JSON.stringify([...next]));
    setNoticed(next);
  };
  return { isOn, waiting, unnoticed, pastDay, lost_ms, notice };
}

function usePastDay(isOn: boolean): number | null {
  const [count, setCount] = useState<number | null>(null);
  useEffect(() => {
    if (!isOn) return;
    const leaving = new AbortController();
    const answered = (items: { is_overdue: boolean }[]) => setCount(items.filter((one) => one.is_overdue).length);
    void asking("/api/oversight/tasks", () => TASKS_EVERY_MS, answered, () => setCount(null), leaving.signal);
    return () => leaving.abort();
  }, [isOn]);
  return isOn ? count : null;
}

/** Reads a list again and again until `signal` aborts; a centre that does not answer is asked less often, at once when the line is back. */
async function asking<T>(path: string, every_ms: () => number, answered: (items: T[]) => void, missed: (error: unknown) => void, signal: AbortSignal): Promise<void> {
  const woken = new EventTarget();
  const wake = () => void (document.hidden || woken.dispatchEvent(new Event("online")));
  window.addEventListener("online", wake, { signal });
  document.addEventListener("visibilitychange", wake, { signal });
  for (let failures = 0; !signal.aborted; ) {
    try {
      answered((await read<{ items: T[] }>(path, signal)).items);
      failures = 0;
    } catch (error) {
      if (signal.aborted) return;
      missed(error);
      failures += 1;
    }
    try {
      await pause(failures > 0 ? Math.max(every_ms(), backoff_ms(failures)) : every_ms(), signal, woken);
    } catch {
      return; // This person has gone.
    }
  }
}

function isSame(a: readonly GlassNews[], b: readonly GlassNews[]): boolean {
  return a.length === b.length && a.every((one, at) => one.id === b[at]?.id);
}

/** A list that cannot be read means that nothing was noticed: it sounds once more. */
function noticedIn(key: string): ReadonlySet<string> {
  try {
    const kept: unknown = JSON.parse(localStorage.getItem(key) ?? "[]");
    return new Set(Array.isArray(kept) ? kept.filter((one): one is string => typeof one === "string") : []);
  } catch {
    return new Set();
  }
}
