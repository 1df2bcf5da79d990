/** What the map draws for an incident and for a unit, as GeoJSON features, and the smallest diff between two pictures of one. */
import type { GeoJSONFeatureDiff } from "maplibre-gl";
import type { IncidentView, Position, UnitView } from "../api/types";
import { shortCode } from "../ui/short-code";
import { STALE_RING } from "./icons";
import { unitGroup } from "./theme";

type PointFeature = GeoJSON.Feature<GeoJSON.Point, Record<string, string | number | boolean>>;

/** 0, 1, 2 for the three thirds of the time until a position counts as stale; 3 afterwards. */
export function ageRing(age_s: number, stale_after_s: number): number {
  if (age_s > stale_after_s) return STALE_RING;
  return Math.min(STALE_RING - 1, Math.floor((age_s / stale_after_s) * STALE_RING));
}

export function incidentFeature(incident: IncidentView, rank: number): PointFeature | null {
  if (!incident.place) return null;
  return {
    type: "Feature",
    geometry: { type: "Point", coordinates: [incident.place.lon, incident.place.lat] },
    properties: { uid: incident.id, icon: `i|${rank}|${shortCode(incident.priority)}`, rank, label: incident.number },
  };
}

export interface UnitLook {
  unit: UnitView;
  position: Position;
  ring: number;
  /** The call sign, and for a stale position how old it is, in words. */
  label: string;
}

export function unitFeature({ unit, position, ring, label }: UnitLook): PointFeature {
  return {
    type: "Feature",
    geometry: { type: "Point", coordinates: [position.lon, position.lat] },
    properties: {
      uid: unit.id,
      icon: `u|${unit.status}|${ring}`,
      group: unitGroup(unit.status),
      stale: ring >= STALE_RING,
      label: `${ring >= STALE_RING ? "stale" : "unit"}|${label}`,
    },
  };
}

/** A place that is only known to lie within a circle: a telephone, or an area. */
export interface Reach {
  place: { lon: number; lat: number };
  accuracy_m: number;
}

const METRES_PER_DEGREE = 111_195; // of latitude, on a sphere of 6371 km; the same as the server's distances
const CORNERS = 64;

/** How far a circle goes east and north, in degrees. Not for the poles. */
export function reachDeg({ place, accuracy_m }: Reach): { lon: number; lat: number } {
  const lat = accuracy_m / METRES_PER_DEGREE;
  return { lon: lat / Math.max(0.01, Math.cos((place.lat * Math.PI) / 180)), lat };
}

export function reachFeature(reach: Reach): GeoJSON.Feature<GeoJSON.Polygon> {
  const size = reachDeg(reach);
  const ring = Array.from({ length: CORNERS + 1 }, (_, corner) => {
    const angle = ((corner % CORNERS) / CORNERS) * 2 * Math.PI;
    return [reach.place.lon + size.lon * Math.cos(angle), reach.place.lat + size.lat * Math.sin(angle)];
  });
  return { type: "Feature", geometry: { type: "Polygon", coordinates: [ring] }, properties: {} };
}

/** The circle in which an incident may be; null where its place is a point as far as anybody knows. */
export function reachOf(of: { place: Reach["place"] | null; confidence: string; accuracy_m: number | null } | null | undefined): Reach | null {
  if (!of?.place || !of.accuracy_m || (of.confidence !== "phone" && of.confidence !== "area")) return null;
  return { place: of.place, accuracy_m: of.accuracy_m };
}

/** Null when the two would be drawn the same. */
export function featureDiff(before: PointFeature, after: PointFeature): GeoJSONFeatureDiff | null {
  const [a, b] = [before.geometry.coordinates, after.geometry.coordinates];
  const moved = a[0] !== b[0] || a[1] !== b[1];
  const properties = Object.entries(after.properties)
    .filter(([key, value]) => before.properties[key] !== value)
    .map(([key, value]) => ({ key, value }));
  if (!moved && properties.length === 0) return null;
  return {
    id: String(after.properties.uid),
    ...(moved ? { newGeometry: after.geometry } : {}),
    ...(properties.length > 0 ? { addOrUpdateProperties: properties } : {}),
  };
}

/** Collects features by id and gives out what a GeoJSON source must be told since the last time. */
export class FeatureTable {
  private readonly shown = new Map<string, PointFeature>();
  private readonly pending = new Map<string, PointFeature | null>();

  set(id: string, feature: PointFeature | null): void {
    this.pending.set(id, feature);
  }

  /** Everything is to be drawn afresh; what is not set again before the next drain goes. */
  reset(): void {
    this.pending.clear();
    for (const id of this.shown.keys()) this.pending.set(id, null);
  }

  get size(): number {
    return this.shown.size;
  }

  drain(): { add: PointFeature[]; remove: string[]; update: GeoJSONFeatureDiff[] } | null {
    const [add, remove, update] = [[] as PointFeature[], [] as string[], [] as GeoJSONFeatureDiff[]];
    for (const [id, feature] of this.pending) {
      const held = this.shown.get(id);
      if (feature === null) {
        if (held && this.shown.delete(id)) remove.push(id);
      } else if (held) {
        const diff = featureDiff(held, feature);
        if (diff) update.push(diff);
        this.shown.set(id, feature);
      } else {
        add.push(feature);
        this.shown.set(id, feature);
      }
    }
    this.pending.clear();
    return add.length + remove.length + update.length > 0 ? { add, remove, update } : null;
  }
}
