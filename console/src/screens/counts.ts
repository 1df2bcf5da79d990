/**
 * How many open incidents and units each child of a territory holds, counted from the live picture itself: the figure on the map and
 * the rows behind it cannot disagree. (The server's /counts is the same figure for those who hold no picture.)
 */
import { useMemo } from "react";
import { useLive, useSession } from "../context";
import { derived } from "../live/derived";
import type { Territories } from "../api/territories";
import type { LiveStore } from "../live/store";

export interface Counts {
  open: number;
  units: number;
  free: number;
}

const EMPTY: Counts = { open: 0, units: 0, free: 0 };

/** Per territory that an incident or unit names directly; summed up the tree by `countsUnder`. */
const direct = derived(["incidents", "units"], (store: LiveStore) => {
  const counts = new Map<number, Counts>();
  const at = (id: number) => {
    let held = counts.get(id);
    if (!held) counts.set(id, (held = { ...EMPTY }));
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

export function sumUnder(territories: Territories, parent: number, counts: ReadonlyMap<number, Counts>): { whole: Counts; children: Map<number, Counts> } {
  const whole = { ...EMPTY };
  const children = new Map<number, Counts>(territories.children(parent).map((child) => [child.id, { ...EMPTY }]));
  for (const [id, count] of counts) {
    if (!territories.isWithin(id, parent)) continue;
    const child = territories.childUnder(parent, id);
    const into = child === null ? [whole] : [whole, children.get(child)!];
    for (const sum of into) {
      sum.open += count.open;
      sum.units += count.units;
      sum.free += count.free;
    }
  }
  return { whole, children };
}

export function useCounts(parent: number | null) {
  const { territories } = useSession();
  const incidents = useLive("incidents", direct);
  const units = useLive("units", direct);
  // Both topics give the same value once both have spoken; the later of the two is current.
  const counts = incidents === units ? incidents : units;
  return useMemo(
    () => (parent === null ? { whole: { ...EMPTY }, children: new Map<number, Counts>() } : sumUnder(territories, parent, counts)),
    [territories, parent, counts],
  );
}
