/** Places as people and services write them. Pure; what it cannot read is no place. */
import type { Place } from "../api/types";

/** Reads "41.31120, 69.24010" (latitude first, as people say it), also with decimal commas: "41,3112 69,2401". Null: not a place. */
export function parseCoordinates(text: string): Place | null {
  const trimmed = text.trim();
  const points = /^(-?\d{1,2}(?:\.\d+)?)\s*[,;\s]\s*(-?\d{1,3}(?:\.\d+)?)$/.exec(trimmed);
  const commas = /^(-?\d{1,2}(?:,\d+)?)\s*[;\s]\s*(-?\d{1,3}(?:,\d+)?)$/.exec(trimmed);
  const found = points ?? commas;
  if (!found) return null;
  const [lat, lon] = [found[1]!, found[2]!].map((part) => Number(part.replace(",", "."))) as [number, number];
  return Math.abs(lat) <= 90 && Math.abs(lon) <= 180 ? { lon, lat } : null;
}

export interface PhonePosition {
  place: Place;
  /** Metres by which the telephone may be off. */
  accuracy_m: number;
}

const FURTHEST_M = 100_000; // more says nothing; the server takes no more

/**
 * Reads where a caller's phone says it is: "41.3112 69.2401 ±35 m", also "+/-" and "km"; or an emergency location message as a phone
 * sends it (AML, ETSI TS 103 625: lt, ln, rd), of which nothing else is kept: it also names the phone and its card.
 */
export function parsePhonePosition(text: string): PhonePosition | null {
  const message = /\blt=([+-]?\d{1,2}(?:\.\d+)?);\s*ln=([+-]?\d{1,3}(?:\.\d+)?);(?:[^]*?;)?\s*rd=(\d+(?:\.\d+)?)/i.exec(text);
  if (message) return phone(`${Number(message[1])} ${Number(message[2])}`, Number(message[3]));
  const told = /^(.+?)[\s,;]*(?:±|\+\s*\/?\s*[-−–])\s*(\d+(?:[.,]\d+)?)\s*(km|км|m|м|metr|метр)?\.?$/i.exec(text.trim());
  if (!told) return null;
  const unit_m = /^(km|км)$/i.test(told[3] ?? "") ? 1000 : 1;
  return phone(told[1]!, Number(told[2]!.replace(",", ".")) * unit_m);
}

function phone(coordinates: string, accuracy_m: number): PhonePosition | null {
  const place = parseCoordinates(coordinates);
  return place === null || accuracy_m > FURTHEST_M ? null : { place, accuracy_m };
}
