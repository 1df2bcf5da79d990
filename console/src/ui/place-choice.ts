/** What a place is once it is chosen, and how a hit, a click or a phone's position becomes one. No React here. */
import { read } from "../api/client";
import type { Confidence, Names, NearestPlace, Place, PlaceHit, PlaceHits } from "../api/types";
import type { PhonePosition } from "./coordinates";

export type PlaceSource = "gazetteer" | "coordinates" | "map" | "caller_phone";

export interface ChosenPlace {
  place: Place;
  /** How far off it may be; null when nobody knows. */
  accuracy_m: number | null;
  confidence: Confidence;
  source: PlaceSource;
  /** Street, landmark or neighbourhood, never with a house number: fit for the record and the picture. Empty: none is known. */
  label: string;
  place_id: number | null;
  territory_id: number | null;
  /** As a person would say it, with the house number: an address, to be sent sealed only. */
  full_text: string;
}

/** A click hits a house on a screen about this well; the same figure as the server's for an exact place. */
const CLICK_ACCURACY_M = 30;
const LABEL_REACH_M = 400;
/** About two kilometres: two streets of one name that are nearer are one street. */
const STREET_DEG = 0.02;

export const searchPath = (text: string, near: Place | null, limit = 8): string => {
  const query = new URLSearchParams({ q: text, limit: String(limit) });
  if (near) {
    query.set("near_lon", String(near.lon));
    query.set("near_lat", String(near.lat));
  }
  return `/api/places?${query.toString()}`;
};

const SEARCH_WITHIN_MS = 3_000; // An answer that takes longer is asked for again.

export async function searchPlaces(path: string, signal: AbortSignal): Promise<PlaceHit[]> {
  return (await read<PlaceHits>(path, signal, SEARCH_WITHIN_MS)).items;
}

export type NameOf = (names: Names | undefined, code: string) => string;

/** The last number of what was typed, as it was typed: "12a" of "Navoiy 12a". */
export const numberIn = (typed: string): string => /\d[\p{L}\d/-]*(?=\D*$)/u.exec(typed)?.[0] ?? "";

/** `typed` keeps the number of a house that the gazetteer does not hold: the street is on the map, the number must still be told to the unit. */
export function fromHit(hit: PlaceHit, typed: string, name: NameOf, coordinates: (lon: number, lat: number) => string): ChosenPlace {
  const isPoint = hit.kind === "coordinates";
  const label = isPoint ? "" : name(hit.label, "");
  const house = hit.matched === "street_only" ? numberIn(typed) : hit.house;
  if (isPoint && hit.confidence === "phone") return fromPoint(hit.place, "caller_phone", coordinates(hit.place.lon, hit.place.lat), hit.accuracy_m);
  const text = isPoint ? coordinates(hit.place.lon, hit.place.lat) : house ? `${label}, ${house}` : label;
  return {
    place: hit.place, accuracy_m: hit.accuracy_m, confidence: hit.confidence, source: isPoint ? "coordinates" : "gazetteer",
    label, place_id: hit.id, territory_id: hit.territory_id, full_text: text,
  };
}

/** Says that the typed house is not known on this street; not when another hit is that very house, however far its street reaches. */
export function lacksHouse(hit: PlaceHit, hits: readonly PlaceHit[], typed: string): boolean {
  if (hit.matched !== "street_only") return false;
  const house = numberIn(typed).toLowerCase();
  return !hits.some((one) => one.matched !== "street_only" && one.house?.toLowerCase() === house && isSameStreet(one, hit));
}

function isSameStreet(one: PlaceHit, other: PlaceHit): boolean {
  const [a, b] = [one.place, other.place];
  const isNear = one.territory_id === other.territory_id || (Math.abs(a.lat - b.lat) < STREET_DEG && Math.abs(a.lon - b.lon) < STREET_DEG);
  const names = Object.keys(other.label) as (keyof typeof other.label)[];
  return isNear && names.length > 0 && names.every((language) => one.label[language] === other.label[language]);
}

/** A phone's position that stands in the field, as the only hit: nothing needs to be looked for, and a phone's message leaves the browser for nobody. */
export const heardHit = ({ place, accuracy_m }: PhonePosition): PlaceHit => ({
  id: null, kind: "coordinates", label: {}, house: null, detail: [], place, territory_id: null, confidence: "phone", accuracy_m, score: 1, matched: "coordinates",
});

/** Coordinates that were typed while the search does not answer: they need no gazetteer. */
export const typedHit = (place: Place): PlaceHit => ({
  id: null, kind: "coordinates", label: {}, house: null, detail: [], place, territory_id: null, confidence: "exact", accuracy_m: CLICK_ACCURACY_M, score: 1, matched: "coordinates",
});

/** A click on the map, coordinates, or where a phone says it is, as it stands before anything is known of its surroundings. */
export function fromPoint(place: Place, source: Exclude<PlaceSource, "gazetteer">, text: string, accuracy_m: number | null = CLICK_ACCURACY_M): ChosenPlace {
  const confidence = source === "caller_phone" ? "phone" : "exact";
  return { place, accuracy_m, confidence, source, label: "", place_id: null, territory_id: null, full_text: text };
}

/** The same choice with the name of what stands nearest and the territory it lies in; as it was when the server does not say. */
export async function withSurroundings(chosen: ChosenPlace, name: NameOf, signal?: AbortSignal): Promise<ChosenPlace> {
  const { lon, lat } = chosen.place;
  try {
    const { item, territory_id } = await read<NearestPlace>(`/api/places/nearest?lon=${lon}&lat=${lat}`, signal);
    const isNear = item !== null && (item.confidence === "area" || item.distance_m <= LABEL_REACH_M);
    return { ...chosen, label: isNear ? name(item.label, "") : "", territory_id };
  } catch {
    // Without a name the place still stands: the coordinates are what counts.
    return chosen;
  }
}
