/** How long to wait before the next attempt. Full jitter, so that two hundred consoles do not come back in one second. */

const FIRST_MS = 500;
const LONGEST_MS = 15_000;

export function backoff_ms(failures: number, random: () => number = Math.random): number {
  const ceiling = Math.min(LONGEST_MS, FIRST_MS * 2 ** Math.min(failures, 10));
  return ceiling * (0.3 + 0.7 * random());
}

/** Resolves after `ms`, at once when `wake` fires (the network is back), or rejects when `signal` aborts. */
export function pause(ms: number, signal: AbortSignal, wake?: EventTarget): Promise<void> {
  return new Promise((resolve, reject) => {
    const done = () => {
      clearTimeout(timer);
      signal.removeEventListener("abort", aborted);
      wake?.removeEventListener("online", done);
      resolve();
    };
    const aborted = () => {
      done();
      reject(signal.reason as Error);
    };
    const timer = setTimeout(done, ms);
    if (signal.aborted) return aborted();
    signal.addEventListener("abort", aborted);
    wake?.addEventListener("online", done);
  });
}
