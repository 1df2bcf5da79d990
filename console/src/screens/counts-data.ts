/** Adding up counts along the tree of territories. Pure. */
import type { Territories } from "../api/territories";

export interface Counts {
  open: number;
  units: number;
  free: number;
}

export const NONE: Counts = { open: 0, units: 0, free: 0 };

/** The counts of `parent` and of each of its children, from counts per territory named directly. */
export function sumUnder(territories: Territories, parent: number, counts: ReadonlyMap<number, Counts>): { whole: Counts; children: Map<number, Counts> } {
  const whole = { ...NONE };
  const children = new Map<number, Counts>(territories.children(parent).map((child) => [child.id, { ...NONE }]));
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
