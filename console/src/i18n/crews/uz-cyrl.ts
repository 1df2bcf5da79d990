import type { Part } from "../messages";
import type { crewsEn } from "./en";

/** Generated from uz-latn.ts by `npm run uz-cyrl`; do not edit. Words are set right in scripts/uz-cyrl-exceptions.json. */
export const crewsUzCyrl: Part<typeof crewsEn> = {
  "owner.label": "Масъул",
  "owner.mine": "сиз",
  "owner.none": "масъул йўқ",
  "owner.unknown": "ҳамкасб",
  "owner.away": "жойида йўқ",
  "owner.also_open": "очган: {names}",
  "owner.take": "Ўзимга олиш",
};
