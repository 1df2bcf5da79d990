import type { Part } from "../messages";
import type { placesEn } from "./en";

/** Generated from uz-latn.ts by `npm run uz-cyrl`; do not edit. Words are set right in scripts/uz-cyrl-exceptions.json. */
export const placesUzCyrl: Part<typeof placesEn> = {
  "place.label": "Жой",
  "place.hint": "Кўча ва уй, икки кўча, мўлжал, маҳалла, координаталар ёки телефон жойи: “41.3 69.2 ±35 м”",
  "place.none": "Бундай номли жой йўқ. Камроқ ҳарф ёзинг, яқин кўчани айтинг ёки харитани босинг.",
  "place.searching": "Қидирилмоқда…",
  "place.failed": "Қидирув жавоб бермаяпти. Харитани босинг ёки координаталарни ёзинг; ёзганингиз сақланади.",
  "place.nowhere": "маълум ҳудудлардан ташқарида",
  "place.elsewhere": "сизнинг ҳудудингизда эмас",
  "place.similar": "ўхшаш",
  "place.street_only": "{house}-уй маълумотномада йўқ: кўча олинди",
  "place.coordinates": "Координаталар {at}",
  "place.near": "яқинида: {name}",
  "place.phone": "Қўнғироқ қилганнинг телефони жойини олиш (±{distance})",
  "place.clear": "Жойни тозалаш",
  "place.kind.street": "кўча",
  "place.kind.crossing": "чорраҳа",
  "place.kind.house": "уй",
  "place.kind.landmark": "мўлжал",
  "place.kind.neighbourhood": "маҳалла",
  "place.kind.settlement": "аҳоли пункти",
  "place.kind.other": "бошқа",
  "place.kind.coordinates": "координаталар",
  "place.confidence.exact": "аниқ жой",
  "place.confidence.street": "шу кўчанинг қаеридадир",
  "place.confidence.area": "шу атрофнинг қаеридадир",
  "place.confidence.phone": "телефон турган жой",
  "place.confidence.unknown": "жой номаълум",
  "place.within": "±{distance}",
};
