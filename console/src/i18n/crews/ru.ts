import type { Part } from "../messages";
import type { crewsEn } from "./en";

export const crewsRu: Part<typeof crewsEn> = {
  "owner.label": "Ответственный",
  "owner.mine": "вы",
  "owner.none": "нет ответственного",
  "owner.unknown": "коллега",
  "owner.away": "отошёл от пульта",
  "owner.also_open": "открыто у: {names}",
  "owner.take": "Взять себе",
};
