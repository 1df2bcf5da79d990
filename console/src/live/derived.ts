/** A value computed from the picture, kept until one of its topics changes: what `useLive` needs to compare by identity. */
import type { LiveStore, Topic } from "./store";

export function derived<T>(topics: readonly Topic[], compute: (store: LiveStore) => T): (store: LiveStore) => T {
  const kept = new WeakMap<LiveStore, { key: string; value: T }>();
  return (store) => {
    const key = topics.map((topic) => store.version(topic)).join(".");
    const held = kept.get(store);
    if (held?.key === key) return held.value;
    const value = compute(store);
    kept.set(store, { key, value });
    return value;
  };
}
