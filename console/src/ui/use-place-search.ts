/** Searches while a person types: the last answer stays on the screen until the next is here, and stale requests are given up. */
import { useEffect, useState } from "react";
import type { Place, PlaceHit } from "../api/types";
import { searchPath, searchPlaces } from "./place-choice";

const PAUSE_MS = 60; // Faster than a typist's next key most of the time, and half of the requests of a fast one.
const LEAST_LETTERS = 2;

export interface PlaceSearch {
  hits: PlaceHit[];
  /** The text that the hits answer; "" before the first answer. */
  answered: string;
  busy: boolean;
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
    const timer = setTimeout(() => {
      searchPlaces(path, leaving.signal).then(
        (hits) => setState({ hits, answered: wanted, busy: false, failed: false }),
        () => {
          if (!leaving.signal.aborted) setState({ hits: [], answered: wanted, busy: false, failed: true });
        },
      );
    }, PAUSE_MS);
    setState((held) => ({ ...held, busy: true }));
    return () => {
      clearTimeout(timer);
      leaving.abort();
    };
  }, [path, wanted]);
  return state;
}
