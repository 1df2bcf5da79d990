/** Which unit to send first: pure, so that a test can hold the order. The reason stands beside each: free, fresh, near. */
import type { Place, Position, UnitView } from "../../api/types";

export interface UnitChoice {
  unit: UnitView;
  position: Position | null;
  /** Straight line to the incident; null when either place is unknown. */
  distance_m: number | null;
  isStale: boolean;
}

const EARTH_M = 6_371_000;

export function distance_m(a: Place, b: Place): number {
  const rad = Math.PI / 180;
  const [lat, lon] = [(b.lat - a.lat) * rad, (b.lon - a.lon) * rad];
  const h = Math.sin(lat / 2) ** 2 + Math.cos(a.lat * rad) * Math.cos(b.lat * rad) * Math.sin(lon / 2) ** 2;
  return 2 * EARTH_M * Math.asin(Math.sqrt(h));
}

const ORDER: Record<string, number> = { available: 0, en_route: 2, assigned: 2, on_scene: 2, transporting: 2, at_hospital: 2, busy: 3, out_of_service: 4, off_duty: 5 };

/** Units on this incident first, then free ones: fresh before stale, near before far, unknown place last; then everybody else. */
export function rankUnits(
  units: Iterable<UnitView>,
  positions: ReadonlyMap<string, Position>,
  place: Place | null,
  incidentId: string | null,
  isStale: (position: Position) => boolean,
  compare: (a: string, b: string) => number,
): UnitChoice[] {
  const choices: (UnitChoice & { group: number })[] = [];
  for (const unit of units) {
    const position = positions.get(unit.id) ?? null;
    const isHere = incidentId !== null && unit.incident_id === incidentId;
    choices.push({
      unit, position,
      distance_m: place && position ? distance_m(place, position) : null,
      isStale: position !== null && isStale(position),
      group: isHere ? -1 : (ORDER[unit.status] ?? 3),
    });
  }
  return choices.sort(
    (a, b) =>
      a.group - b.group ||
      (place ? Number(a.position === null) - Number(b.position === null) || Number(a.isStale) - Number(b.isStale) : 0) ||
      (a.distance_m ?? Infinity) - (b.distance_m ?? Infinity) || compare(a.unit.call_sign, b.unit.call_sign) || 0,
  );
}
