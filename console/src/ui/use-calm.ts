/** The value, but no oftener than every `every_ms`: for what is costly to derive and nobody reads sixty times a second. */
import { useEffect, useRef, useState } from "react";

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
