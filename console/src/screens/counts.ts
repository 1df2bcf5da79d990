/**
 * How many open incidents and units each child of a territory holds, counted from the live picture itself: the figure on the map and
 * the rows behind it cannot disagree. (The server's /counts is the same figure for those who hold no picture.)
 */
import { useMemo } from "react";
import { useLive, useSession } from "../context";
import { useCalm } from "../ui/use-calm";
import { derived } from "../live/derived";
import type { LiveStore } from "../live/store";
import { NONE, sumUnder, type Counts } from "./counts-data";

const COUNT_EVERY_MS = 500;

/** Per territory that an incident or unit names directly; summed up the tree by `countsUnder`. */
const direct = derived(["incidents", "units"], (store: LiveStore) => {
  const counts = new Map<number, Counts>();
  const at = (id: number) => {
    let held = counts.get(id);
    if (!held) counts.set(id, (held = { ...NONE }));
    return held;
  };
  for (const incident of store.incidents.values()) at(incident.territory_id).open += 1;
  for (const unit of store.units.values()) {
    if (unit.status === "off_duty") continue;
    at(unit.territory_id).units += 1;
    if (unit.status === "available") at(unit.territory_id).free += 1;
  }
  return counts;
});

export function useCounts(parent: number | null) {
  const { territories } = useSession();
  useLive("incidents", direct);
  const counts = useCalm(useLive("units", direct), COUNT_EVERY_MS); // The same value under both topics, so that either wakes it.
  return useMemo(
    () => (parent === null ? { whole: { ...NONE }, children: new Map<number, Counts>() } : sumUnder(territories, parent, counts)),
    [territories, parent, counts],
  );
}
