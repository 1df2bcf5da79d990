/** Reads "41.31120, 69.24010" (latitude first, as people say it), also with decimal commas: "41,3112 69,2401". Null: not a place. */
import type { Place } from "../api/types";

export function parseCoordinates(text: string): Place | null {
  const trimmed = text.trim();
  const points = /^(-?\d{1,2}(?:\.\d+)?)\s*[,;\s]\s*(-?\d{1,3}(?:\.\d+)?)$/.exec(trimmed);
  const commas = /^(-?\d{1,2}(?:,\d+)?)\s*[;\s]\s*(-?\d{1,3}(?:,\d+)?)$/.exec(trimmed);
  const found = points ?? commas;
  if (!found) return null;
  const [lat, lon] = [found[1]!, found[2]!].map((part) => Number(part.replace(",", "."))) as [number, number];
  return Math.abs(lat) <= 90 && Math.abs(lon) <= 180 ? { lon, lat } : null;
}
