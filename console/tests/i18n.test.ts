import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { generate, pairs, transliterate } from "../scripts/uz-cyrl.mjs";
import { formats } from "../src/i18n/format";
import { isolate, LANGUAGES, preferredLanguage, TEXTS, translator } from "../src/i18n/language";
import { en } from "../src/i18n/en";
import type { Key, Message, Messages } from "../src/i18n/messages";

const keys = Object.keys(en) as Key[];
const placeholders = (text: string) => [...text.matchAll(/\{(\w+)\}/g)].map(([, name]) => name).toSorted().join();
const forms = (message: Message) => (typeof message === "string" ? [message] : Object.values(message));

describe.each(LANGUAGES.map(({ tag }) => tag))("texts in %s", (tag) => {
  it("have every key, nothing empty, the same placeholders", () => {
    expect(Object.keys(TEXTS[tag]).toSorted()).toEqual(keys.toSorted());
    for (const key of keys) {
      const wanted = placeholders(forms(en[key])[0]!);
      for (const text of forms(TEXTS[tag][key])) {
        expect(text.trim(), key).not.toBe("");
        expect(placeholders(text), key).toBe(wanted);
      }
    }
  });
});

// @ts-expect-error A language that misses a text does not compile: tsc runs in every build.
const withoutTexts: Messages = {};

describe("Uzbek", () => {
  it("is written with ʻ and ʼ, never with a typewriter's apostrophe or a quotation mark", () => {
    for (const key of keys) for (const text of forms(TEXTS["uz-Latn"][key])) expect(text, key).not.toMatch(/['‘’`´]/);
  });

  it("in Cyrillic is what the generator makes of the Latin text (npm run uz-cyrl)", () => {
    for (const { source, target } of pairs) expect(readFileSync(target, "utf8")).toBe(generate(readFileSync(source, "utf8")));
  });

  it("in Cyrillic holds no Latin letters but names", () => {
    for (const key of keys) {
      for (const text of forms(TEXTS["uz-Cyrl"][key])) {
        expect(text.replace(/\{\w+\}|MARKAZ_PUBLIC_URL|PIN|Chrome|Edge|Firefox|Safari|Windows|Linux|macOS|Android|iOS|Caps Lock|WebGL|WebP|JPEG|PNG|CAP|XML|JSON|SHA-256|UTC|p50|p90/g, ""), key).not.toMatch(/[A-Za-zʻ]/);
      }
    }
  });

  it.each([
    ["oʻgʻrilik", "ўғрилик"], ["Yoʻl-transport hodisasi", "Йўл-транспорт ҳодисаси"], ["maʼlumot", "маълумот"], ["eʼlon", "эълон"], ["yetib keldi", "етиб келди"],
    ["shifoxona", "шифохона"], ["chaqiruv", "чақирув"], ["yoʻq", "йўқ"], ["poeziya", "поэзия"], ["ratsiya", "рация"], ["ketsa", "кетса"], ["YOʻQ", "ЙЎҚ"],
    ["Isʼhoq", "Исҳоқ"], ["parol", "пароль"], ["parolni", "паролни"], ["{unit} uchun", "{unit} учун"], ["(p50)", "(p50)"], ["obyektda", "объектда"], ["Shosh", "Шош"],
    ["yangi joyi", "янги жойи"],
  ])("%s is %s", (latin, cyrillic) => {
    expect(transliterate(latin)).toBe(cyrillic);
  });
});

describe("sentences", () => {
  it("choose the Russian plural", () => {
    const t = translator("ru");
    expect([1, 2, 5, 21].map((n) => t("map.incidents_here", { n }))).toEqual([
      "1 открытое происшествие", "2 открытых происшествия", "5 открытых происшествий", "21 открытое происшествие",
    ]);
  });

  it("isolate what came from outside", () => {
    expect(translator("en")("stages.more", { unit: "\u202Eabc" })).toBe("More for \u2068\u202Eabc\u2069");
    expect(isolate("A142")).toBe("A142");
  });

  it("are complete, or do not compile", () => {
    expect(withoutTexts).toEqual({});
  });

  it("start in the language of the browser", () => {
    expect(preferredLanguage(null, ["de", "ru-RU"])).toBe("ru");
    expect(preferredLanguage(null, ["uz-Cyrl-UZ"])).toBe("uz-Cyrl");
    expect(preferredLanguage(null, ["de"])).toBe("uz-Latn");
    expect(preferredLanguage("en", ["ru"])).toBe("en");
  });
});

describe("formats", () => {
  const f = formats("ru", translator("ru"));
  it("never fill a time up that is known only roughly", () => {
    const at = new Date(2025, 10, 21, 3, 12, 45).toISOString();
    expect([f.full(at), f.full(at, "minute"), f.full(at, "day"), f.full(at, "month")]).toEqual(["21.11.2025 03:12:45", "21.11.2025 03:12", "21.11.2025", "11.2025"]);
  });
  it("write ages and durations", () => {
    expect([f.age(42.9), f.age(61), f.age(3900), f.age(90_000)]).toEqual(["42 с", "1 мин", "1 ч 5 мин", "1 сут"]);
    expect([f.duration(452), f.duration(3725)]).toEqual(["7:32", "1:02:05"]);
  });
  it("sort as the language does, figures by value", () => {
    expect(["B10", "B9", "А1"].sort(f.compare)).toContain("B9");
    expect(["B10", "B9"].sort(f.compare)).toEqual(["B9", "B10"]);
  });
});
