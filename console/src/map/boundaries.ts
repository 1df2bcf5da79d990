/** Outlines of territories: fetched once per parent and kept, for outlines change once a year. */
import { read } from "../api/client";
import type { Territory } from "../api/types";

export type Bbox = [number, number, number, number];

const kept = new Map<number, Promise<GeoJSON.FeatureCollection>>();

export function boundaries(parentId: number): Promise<GeoJSON.FeatureCollection> {
  let fetched = kept.get(parentId);
  if (!fetched) {
    fetched = read<GeoJSON.FeatureCollection>(`/api/territories/${parentId}/boundaries`);
    kept.set(parentId, fetched);
    fetched.catch(() => kept.delete(parentId));
  }
  return fetched;
}

/** The territory itself, which is among the children of its parent; empty for the root. */
export async function ownOutline({ id, parent_id }: Pick<Territory, "id" | "parent_id">): Promise<GeoJSON.FeatureCollection> {
  const siblings = parent_id === null ? [] : (await boundaries(parent_id)).features;
  return { type: "FeatureCollection", features: siblings.filter((feature) => Number(feature.properties?.id) === id) };
}

function outerRings(geometry: GeoJSON.Geometry): GeoJSON.Position[][] {
  if (geometry.type === "Polygon") return geometry.coordinates.slice(0, 1);
  if (geometry.type === "MultiPolygon") return geometry.coordinates.flatMap((polygon) => polygon.slice(0, 1));
  return [];
}

export function bboxOf(collection: GeoJSON.FeatureCollection): Bbox | null {
  const box: Bbox = [Infinity, Infinity, -Infinity, -Infinity];
  for (const feature of collection.features) {
    for (const [lon = 0, lat = 0] of outerRings(feature.geometry).flat()) {
      box[0] = Math.min(box[0], lon);
      box[1] = Math.min(box[1], lat);
      box[2] = Math.max(box[2], lon);
      box[3] = Math.max(box[3], lat);
    }
  }
  return Number.isFinite(box[0]) ? box : null;
}

/** Where a name may stand: the centroid of the largest outer ring. Good enough for a label; not for deciding what lies inside. */
export function labelPoint(geometry: GeoJSON.Geometry): [number, number] {
  let best: { area: number; at: [number, number] } = { area: -1, at: [0, 0] };
  for (const ring of outerRings(geometry)) {
    let [twice, x, y] = [0, 0, 0];
    for (let i = 0; i + 1 < ring.length; i += 1) {
      const [ax = 0, ay = 0] = ring[i]!;
      const [bx = 0, by = 0] = ring[i + 1]!;
      const cross = ax * by - bx * ay;
      twice += cross;
      x += (ax + bx) * cross;
      y += (ay + by) * cross;
    }
    const [firstX = 0, firstY = 0] = ring[0] ?? [];
    const at: [number, number] = twice === 0 ? [firstX, firstY] : [x / (3 * twice), y / (3 * twice)];
    if (Math.abs(twice) > best.area) best = { area: Math.abs(twice), at };
  }
  return best.at;
}
