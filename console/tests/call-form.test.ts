import { describe, expect, it } from "vitest";
import type { Code } from "../src/api/types";
import { findCategories } from "../src/screens/new-incident/category-search";
import { EMPTY, isEmpty, isReady, pack, toRequest, unpack, type Fields } from "../src/screens/new-incident/fields";
import { digitOf } from "../src/screens/new-incident/keys";

const categories: Code[] = [
  { code: "assault", names: { "uz-Latn": "tan jarohati yetkazish", "uz-Cyrl": "тан жароҳати етказиш", ru: "причинение телесных повреждений", en: "assault" } },
  { code: "theft", names: { "uz-Latn": "oʻgʻrilik", "uz-Cyrl": "ўғрилик", ru: "кража", en: "theft" } },
];
const first = (typed: string, own: "en" | "ru" | "uz-Latn" | "uz-Cyrl" = "en") => findCategories(categories, typed, own)[0]?.code;

const chosen = {
  place: { lon: 69.24, lat: 41.31 }, accuracy_m: 30, confidence: "exact", source: "gazetteer", label: "Navoiy", place_id: 1, territory_id: 4, full_text: "Navoiy, 12",
} as const;

describe("a category", () => {
  it("is found by two or three letters in any of the four languages, whatever the language of the desk", () => {
    expect([first("the"), first("краж"), first("oʻgʻ"), first("ўғр")]).toEqual(Array(4).fill("theft"));
  });

  it("of one's own language comes before one of another that begins the same", () => {
    const two = [
      { code: "fraud", names: { "uz-Latn": "firibgarlik", en: "fraud" } },
      { code: "fire", names: { "uz-Latn": "yongʻin", en: "fire" } },
    ];
    expect(findCategories(two, "fir", "en").map(({ code }) => code)).toEqual(["fire", "fraud"]);
    expect(findCategories(two, "fir", "uz-Latn").map(({ code }) => code)).toEqual(["fraud", "fire"]);
  });
});

describe("a draft", () => {
  it("comes back from what the server kept as it was", () => {
    const fields: Fields = { ...EMPTY, place: { chosen, text: "Navoiy, 12" }, category: "theft", covert: true, safe_contact: ["no_call"], note: "a bicycle" };
    const kept = Object.fromEntries(Object.entries(pack(fields, Object.keys(EMPTY) as (keyof Fields)[])).filter(([, text]) => text !== null)) as Record<string, string>;
    expect(unpack(kept)).toEqual(fields);
  });

  it("that is not ours is an empty form, not a crash", () => {
    expect(isEmpty(unpack({ place: "{", nonsense: "1" }))).toBe(true);
  });

  it("that holds a channel alone is no call", () => {
    expect(isEmpty(unpack({ channel: "walk_in" }))).toBe(true);
    expect(isEmpty(unpack({ channel: "walk_in", note: "a" }))).toBe(false);
  });
});

describe("what is sent", () => {
  it("holds the public name of the place, and the house number in the address only", () => {
    const body = toRequest({ ...EMPTY, place: { chosen, text: "" }, category: "theft", priority: "3" }, "3", null);
    expect([body.place_label, body.address, body.confidence]).toEqual(["Navoiy", "Navoiy, 12", "exact"]);
  });

  it("gives a reason only for another priority than the proposed one", () => {
    const fields = { ...EMPTY, territory: "4", category: "theft", priority: "1", priority_reason: "a weapon" };
    expect(isReady(fields)).toBe(true);
    expect(toRequest(fields, "3", null).priority_reason).toBe("a weapon");
    expect(toRequest(fields, "1", null).priority_reason).toBeUndefined();
  });
});

it("digits go by their place on the keyboard, from the row and the pad", () => {
  const key = (code: string, more = {}) => ({ code, ctrlKey: false, metaKey: false, altKey: false, shiftKey: false, ...more }) as KeyboardEvent;
  expect([digitOf(key("Digit3")), digitOf(key("Numpad9")), digitOf(key("Digit0")), digitOf(key("Digit1", { shiftKey: true }))]).toEqual([3, 9, null, null]);
});
