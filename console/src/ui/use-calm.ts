/** The value, but no oftener than every `every_ms`: for what is costly to derive and nobody reads sixty times a second. */
import { useEffect, useRef, useState } from "react";
import type { LiveStore, Topic } from "../live/store";
import { session } from "../session";

/** The same for a value of the live picture, without drawing the caller at each change in between. `select` must stay the same function. */
export function useCalmLive<T>(topic: Topic, select: (store: LiveStore) => T, every_ms: number): T {
  const [shown, setShown] = useState(() => select(session.store));
  useEffect(() => {
    let [last_ms, timer] = [-every_ms, 0];
    const show = () => {
      [last_ms, timer] = [performance.now(), 0];
      setShown(() => select(session.store));
    };
    const stop = session.store.subscribe(topic, () => {
      if (timer === 0) timer = window.setTimeout(show, Math.max(0, last_ms + every_ms - performance.now()));
    });
    show(); // what came between the first drawing and this
    return () => {
      stop();
      clearTimeout(timer);
    };
  }, [topic, select, every_ms]);
  return shown;
}

export function useCalm<T>(value: T, every_ms: number): T {
  const [shown, setShown] = useState(value);
  const last_ms = useRef(0);
  const latest = useRef(value);
  latest.current = value;
  useEffect(() => {
    if (Object.is(value, shown)) return;
    const wait_ms = last_ms.current + every_ms - performance.now();
    const show = () => {
      last_ms.current = performance.now();
      setShown(latest.current);
    };
    if (wait_ms <= 0) return show();
    const timer = setTimeout(show, wait_ms);
    return () => clearTimeout(timer);
  }, [value, shown, every_ms]);
  return shown;
}
