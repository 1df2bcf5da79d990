/**
 * Searches while a person types: the last answer stays on the screen until the next is here, stale requests are given up, and a search
 * that got no answer is made again until the text changes.
 */
import { useEffect, useState } from "react";
import { ApiError, isPassing } from "../api/client";
import type { Place, PlaceHit } from "../api/types";
import { backoff_ms, pause } from "../live/backoff";
import { searchPath, searchPlaces } from "./place-choice";

const PAUSE_MS = 60; // Faster than a typist's next key most of the time, and half of the requests of a fast one.
const LEAST_LETTERS = 2;

export interface PlaceSearch {
  hits: PlaceHit[];
  /** The text that the hits answer; "" before the first answer. */
  answered: string;
  busy: boolean;
  /** The last try got no answer; the next one is under way. */
  failed: boolean;
}

const NOTHING: PlaceSearch = { hits: [], answered: "", busy: false, failed: false };

export const isLongEnough = (text: string): boolean => text.trim().length >= LEAST_LETTERS;

/** Null as the text: nothing is being looked for. */
export function usePlaceSearch(text: string | null, near: Place | null): PlaceSearch {
  const [state, setState] = useState(NOTHING);
  const wanted = text?.trim() ?? "";
  const path = !isLongEnough(wanted) ? null : searchPath(text!.trimStart(), near);
  useEffect(() => {
    if (path === null) {
      setState(NOTHING);
      return;
    }
    const leaving = new AbortController();
    const search = async () => {
      await pause(PAUSE_MS, leaving.signal);
      for (let failures = 0; ; failures += 1) {
        try {
          const hits = await searchPlaces(path, leaving.signal);
          if (!leaving.signal.aborted) setState({ hits, answered: wanted, busy: false, failed: false });
          return;
        } catch (error) {
          if (leaving.signal.aborted) return;
          const isRefused = error instanceof ApiError && !isPassing(error.status);
          setState({ hits: [], answered: isRefused ? wanted : "", busy: !isRefused, failed: true });
          if (isRefused) return;
          await pause(backoff_ms(failures), leaving.signal, window);
        }
      }
    };
    search().catch(() => undefined); // Nobody looks for this text any more.
    setState((held) => ({ ...held, busy: true }));
    return () => leaving.abort();
  }, [path, wanted]);
  return state;
}
