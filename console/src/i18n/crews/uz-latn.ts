import type { Part } from "../messages";
import type { crewsEn } from "./en";

export const crewsUzLatn: Part<typeof crewsEn> = {
  "owner.label": "Masʼul",
  "owner.mine": "siz",
  "owner.none": "masʼul yoʻq",
  "owner.unknown": "hamkasb",
  "owner.away": "joyida yoʻq",
  "owner.also_open": "ochgan: {names}",
  "owner.take": "Oʻzimga olish",
};
