/** The four languages of the console, the texts of each, and how a text is filled in. No React here. */
import type { LanguageTag } from "../api/types";
import { en } from "./en";
import type { Key, Message, Messages } from "./messages";
import { ru } from "./ru";
import { uzCyrl } from "./uz-cyrl";
import { uzLatn } from "./uz-latn";

export const LANGUAGES: readonly { tag: LanguageTag; name: string; short: string }[] = [
  { tag: "uz-Latn", name: "Oʻzbekcha", short: "Oʻz" },
  { tag: "uz-Cyrl", name: "Ўзбекча", short: "Ўз" },
  { tag: "ru", name: "Русский", short: "Ру" },
  { tag: "en", name: "English", short: "En" },
];

export const TEXTS: Record<LanguageTag, Messages> = { en, ru, "uz-Latn": uzLatn, "uz-Cyrl": uzCyrl };

/** The locale that writes numbers as this language does: browsers carry Russian data everywhere, Uzbek only in part. */
export const NUMBER_LOCALE: Record<LanguageTag, string> = { en: "en-GB", ru: "ru", "uz-Latn": "ru", "uz-Cyrl": "ru" };

export type Params = Record<string, string | number>;
export type Translate = (key: Key, params?: Params) => string;

const FIRST_STRONG_ISOLATE = "\u2068";
const POP_ISOLATE = "\u2069";

/** Letters written from right to left, and every control that changes direction. */
const TURNS = /[\u0590-\u08FF\u200E\u200F\u202A-\u202E\u2066-\u2069\uFB1D-\uFDFF\uFE70-\uFEFC]/;

/** Text from outside that could turn the sentence around it is isolated; the four languages of the page run left to right. */
export function isolate(text: string): string {
  return TURNS.test(text) ? `${FIRST_STRONG_ISOLATE}${text}${POP_ISOLATE}` : text;
}

export function translator(tag: LanguageTag): Translate {
  const texts = TEXTS[tag];
  const plurals = new Intl.PluralRules(tag === "uz-Latn" || tag === "uz-Cyrl" ? "uz" : tag);
  const numbers = new Intl.NumberFormat(NUMBER_LOCALE[tag]);
  return (key, params = {}) => {
    const text = choose(texts[key], params, plurals);
    return text.replace(/\{(\w+)\}/g, (whole, name: string) => {
      const value = params[name];
      if (value === undefined) return whole;
      return typeof value === "number" ? numbers.format(value) : isolate(value);
    });
  };
}

function choose(message: Message, params: Params, plurals: Intl.PluralRules): string {
  if (typeof message === "string") return message;
  const count = typeof params.n === "number" ? params.n : 0;
  return message[plurals.select(count) as "one" | "few" | "many"] ?? message.other;
}

export function preferredLanguage(stored: string | null, browser: readonly string[]): LanguageTag {
  const known = LANGUAGES.find((language) => language.tag === stored);
  if (known) return known.tag;
  for (const wish of browser) {
    if (/^uz-cyrl/i.test(wish)) return "uz-Cyrl";
    if (/^uz/i.test(wish)) return "uz-Latn";
    if (/^ru/i.test(wish)) return "ru";
    if (/^en/i.test(wish)) return "en";
  }
  return "uz-Latn";
}
