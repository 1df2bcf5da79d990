/** The place of a call form: what was chosen, and what stands in the field. Pure. */
import type { ChosenPlace } from "../../ui/place-choice";

export interface FormPlace {
  chosen: ChosenPlace | null;
  text: string;
}

export const EMPTY_PLACE: FormPlace = { chosen: null, text: "" };

export function packPlace(place: FormPlace): string {
  return place.chosen === null && place.text === "" ? "" : JSON.stringify(place);
}

export function unpackPlace(kept: string | undefined): FormPlace {
  try {
    return kept ? { ...EMPTY_PLACE, ...(JSON.parse(kept) as FormPlace) } : EMPTY_PLACE;
  } catch {
    return EMPTY_PLACE; // Not ours: start afresh.
  }
}
