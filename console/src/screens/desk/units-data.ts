/** Which units stand in the list and in which order: pure, so that a test can hold it. The server's order first, then everybody else. */
import type { Place, Position, RecommendedUnit, UnitView } from "../../api/types";

export interface UnitChoice {
  unit: UnitView;
  position: Position | null;
  /** Straight line to the incident; null when either place is unknown. */
  distance_m: number | null;
  /** False also where no place is given: then it orders nothing. */
  isStale: boolean;
  /** What the server says of it for this incident; null where it was not asked or did not name it. */
  item: RecommendedUnit | null;
}

const EARTH_M = 6_371_000;

export function distance_m(a: Place, b: Place): number {
  const rad = Math.PI / 180;
  const [lat, lon] = [(b.lat - a.lat) * rad, (b.lon - a.lon) * rad];
  const h = Math.sin(lat / 2) ** 2 + Math.cos(a.lat * rad) * Math.cos(b.lat * rad) * Math.sin(lon / 2) ** 2;
  return 2 * EARTH_M * Math.asin(Math.sqrt(h));
}

const ORDER: Record<string, number> = { available: 0, en_route: 2, assigned: 2, on_scene: 2, transporting: 2, at_hospital: 2, busy: 3, out_of_service: 4, off_duty: 5 };

/**
 * Units on this incident first, then free ones: fresh before stale, near before far, unknown place last; then everybody else.
 * `before` is the last answer: what begins nearly in order asks for few comparisons, and comparing names is what costs.
 */
export function rankUnits(
  units: Iterable<UnitView>,
  positions: ReadonlyMap<string, Position>,
  place: Place | null,
  incidentId: string | null,
  isStale: (position: Position) => boolean,
  compare: (a: string, b: string) => number,
  before: readonly UnitChoice[] = [],
): UnitChoice[] {
  const choices: (UnitChoice & { group: number })[] = [];
  for (const unit of inOrderOf(before, units)) {
    const position = positions.get(unit.id) ?? null;
    const isHere = incidentId !== null && unit.incident_id === incidentId;
    choices.push({
      unit, position,
      distance_m: place && position ? distance_m(place, position) : null,
      isStale: place !== null && position !== null && isStale(position),
      group: isHere ? -1 : (ORDER[unit.status] ?? 3),
      item: null,
    });
  }
  return choices.sort(
    (a, b) =>
      a.group - b.group ||
      (place ? Number(a.position === null) - Number(b.position === null) || Number(a.isStale) - Number(b.isStale) : 0) ||
      (a.distance_m ?? Infinity) - (b.distance_m ?? Infinity) || compare(a.unit.call_sign, b.unit.call_sign) || (a.unit.id < b.unit.id ? -1 : 1),
  );
}

/** The units in the order they had, new ones last. */
function inOrderOf(before: readonly UnitChoice[], units: Iterable<UnitView>): Iterable<UnitView> {
  if (before.length === 0) return units;
  const left = new Map<string, UnitView>();
  for (const unit of units) left.set(unit.id, unit);
  const ordered: UnitView[] = [];
  for (const { unit: { id } } of before) {
    const unit = left.get(id);
    if (unit && left.delete(id)) ordered.push(unit);
  }
  return [...ordered, ...left.values()];
}

/** The units the server recommends, in its order, then the ranked ones it did not name. A unit that has gone is left out. */
export function recommendedFirst(items: readonly RecommendedUnit[], ranked: readonly UnitChoice[]): UnitChoice[] {
  if (items.length === 0) return [...ranked];
  const byId = new Map(ranked.map((choice) => [choice.unit.id, choice]));
  const first: UnitChoice[] = [];
  for (const item of items) {
    const choice = byId.get(item.unit_id);
    if (!choice) continue;
    byId.delete(item.unit_id);
    first.push({ ...choice, item });
  }
  return [...first, ...byId.values()];
}

/** What may be done with a unit for an incident now, by the live picture; the list may be some seconds older. */
export function useOf(choice: UnitChoice, incidentId: string | null): "send" | "divert" | null {
  if (incidentId === null || choice.unit.incident_id === incidentId) return null;
  if (choice.unit.status === "available") return "send";
  const isDriving = choice.unit.status === "assigned" || choice.unit.status === "en_route";
  return isDriving && choice.item?.group === "divertible" ? "divert" : null;
}

/** Whole minutes, widened outwards: a promise is never made shorter than the estimate. */
export function minutes(travel: { low_s: number; high_s: number }): { low: number; high: number } {
  return { low: Math.floor(travel.low_s / 60), high: Math.max(1, Math.ceil(travel.high_s / 60)) };
}

/** Suggested units that are passed over by sending `chosen`; none while only suggested ones are sent. */
export function passedOver(items: readonly RecommendedUnit[], chosen: ReadonlySet<string>): RecommendedUnit[] {
  const suggested = items.filter((item) => item.suggested);
  const isOnlySuggested = [...chosen].every((id) => suggested.some((item) => item.unit_id === id));
  return isOnlySuggested ? [] : suggested.filter((item) => !chosen.has(item.unit_id));
}
