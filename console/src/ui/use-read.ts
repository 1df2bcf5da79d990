/** Reads one address and keeps the answer while a newer one is on its way. */
import { useCallback, useEffect, useRef, useState } from "react";
import { read } from "../api/client";

export interface Reading<T> {
  data: T | null;
  error: unknown;
  loading: boolean;
  reload(): void;
}

/** `reader` must be the same function at every call. */
export function useRead<T>(path: string | null, reader: (path: string, signal: AbortSignal) => Promise<T> = read): Reading<T> {
  const [state, setState] = useState<{ path: string | null; data: T | null; error: unknown; loading: boolean }>({
    path: null, data: null, error: null, loading: path !== null,
  });
  const [round, setRound] = useState(0);
  const current = useRef(path);
  current.current = path;
  useEffect(() => {
    if (path === null) return;
    const leaving = new AbortController();
    setState((held) => ({ path, data: held.path === path ? held.data : null, error: null, loading: true }));
    reader(path, leaving.signal).then(
      (data) => setState({ path, data, error: null, loading: false }),
      (error: unknown) => {
        if (!leaving.signal.aborted) setState((held) => ({ path, data: held.path === path ? held.data : null, error, loading: false }));
      },
    );
    return () => leaving.abort();
  }, [path, round, reader]);
  const reload = useCallback(() => setRound((n) => n + 1), []);
  const isCurrent = state.path === path;
  return { data: isCurrent ? state.data : null, error: isCurrent ? state.error : null, loading: isCurrent ? state.loading : path !== null, reload };
}
