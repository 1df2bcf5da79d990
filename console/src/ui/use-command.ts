/** Sends one act at a time and remembers how it went. "Try again" sends the same act, under the same key. */
import { useCallback, useEffect, useRef, useState } from "react";
import { Command, type Method } from "../api/client";

export interface Sending {
  busy: boolean;
  /** Attempts that had no answer so far; above 0 the person is told that it is not sent yet. */
  attempt: number;
  error: unknown;
  send<T>(method: Method, path: string, body: unknown, onDone?: (answer: T) => void): void;
  retry(): void;
  clear(): void;
}

export function useCommand(): Sending {
  const [state, setState] = useState<{ busy: boolean; attempt: number; error: unknown }>({ busy: false, attempt: 0, error: null });
  const last = useRef<(() => void) | null>(null);
  const busy = useRef(false);
  const mounted = useRef(true);
  useEffect(() => {
    mounted.current = true;
    return () => {
      mounted.current = false;
    };
  }, []);

  const send = useCallback(<T,>(method: Method, path: string, body: unknown, onDone?: (answer: T) => void) => {
    if (busy.current) return; // A double click is one act.
    const act = new Command<T>(method, path, body);
    const run = async () => {
      if (busy.current) return;
      busy.current = true;
      const show = (next: { busy: boolean; attempt: number; error: unknown }) => mounted.current && setState(next);
      show({ busy: true, attempt: 0, error: null });
      try {
        const answer = await act.send({ onRetry: (attempt) => show({ busy: true, attempt, error: null }) });
        busy.current = false;
        show({ busy: false, attempt: 0, error: null });
        onDone?.(answer);
      } catch (error) {
        busy.current = false;
        show({ busy: false, attempt: 0, error });
      }
    };
    last.current = () => void run();
    void run();
  }, []);

  const retry = useCallback(() => last.current?.(), []);
  const clear = useCallback(() => setState({ busy: false, attempt: 0, error: null }), []);
  return { ...state, send, retry, clear };
}
