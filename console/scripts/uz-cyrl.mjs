// Writes src/i18n/uz-cyrl.ts from src/i18n/uz-latn.ts: the same Uzbek in Cyrillic letters.
// Rules: the order of the 1995 Latin alphabet turned back. What they cannot know stands in uz-cyrl-exceptions.json (the review).
import { readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const here = dirname(fileURLToPath(import.meta.url));
const exceptions = JSON.parse(readFileSync(join(here, "uz-cyrl-exceptions.json"), "utf8"));

const TURNED_COMMA = "ʻ"; // ʻ, part of oʻ and gʻ
const TUTUQ = "ʼ"; // ʼ, a letter of its own: ъ

// Longest first. "tsiya" is the one place where ts is always ц; elsewhere (ketsa, aytsa) it is two letters.
const GROUPS = [
  ["tsiya", "ция"],
  [`yo${TURNED_COMMA}`, "йў"],
  [`s${TUTUQ}h`, "сҳ"],
  [`o${TURNED_COMMA}`, "ў"],
  [`g${TURNED_COMMA}`, "ғ"],
  ["sh", "ш"],
  ["ch", "ч"],
  ["ya", "я"],
  ["ye", "е"],
  ["yo", "ё"],
  ["yu", "ю"],
];
const LETTERS = {
  a: "а", b: "б", d: "д", f: "ф", g: "г", h: "ҳ", i: "и", j: "ж", k: "к", l: "л", m: "м", n: "н", o: "о", p: "п", q: "қ", r: "р",
  s: "с", t: "т", u: "у", v: "в", x: "х", y: "й", z: "з", [TUTUQ]: "ъ",
};
const VOWELS = "aeiou";
const WORD = new RegExp(`[A-Za-z${TURNED_COMMA}${TUTUQ}]+`, "g");

/** One text; what stands in {braces} and every word with a digit in it is left alone. */
export function transliterate(text) {
  return text.replace(/\{[^}]*\}|\w*\d[\w]*|[^{}\d]+?(?=\{|\w*\d|$)/g, (part) => (/^\{|\d/.test(part) ? part : part.replace(WORD, word)));
}

function word(latin) {
  if (exceptions.latin.includes(latin)) return latin;
  const low = latin.toLowerCase();
  const whole = exceptions.words[low];
  if (whole) return likeCase(latin, whole);
  const stem = Object.keys(exceptions.stems)
    .filter((candidate) => low.startsWith(candidate))
    .sort((a, b) => b.length - a.length)[0];
  if (stem) return likeCase(latin.slice(0, stem.length), exceptions.stems[stem]) + letters(latin.slice(stem.length), latin[stem.length - 1]);
  return letters(latin, "");
}

/** `before` is the Latin letter in front, for the e that follows it. */
function letters(latin, before) {
  const isAllUpper = latin.length > 1 && latin === latin.toUpperCase();
  let result = "";
  let at = 0;
  while (at < latin.length) {
    const rest = latin.slice(at).toLowerCase();
    const group = GROUPS.find(([from]) => rest.startsWith(from));
    const taken = latin.slice(at, at + (group ? group[0].length : 1));
    const cyrillic = group ? group[1] : letter(rest[0], before);
    result += isAllUpper ? cyrillic.toUpperCase() : likeCase(taken, cyrillic);
    before = rest[taken.length - 1];
    at += taken.length;
  }
  return result;
}

function letter(latin, before) {
  if (latin === "e") return before === "" || VOWELS.includes(before) ? "э" : "е";
  if (latin === TURNED_COMMA) return "ъ";
  const cyrillic = LETTERS[latin];
  if (!cyrillic) throw new Error(`uz-cyrl: no rule for "${latin}"; add the word to uz-cyrl-exceptions.json`);
  return cyrillic;
}

function likeCase(latin, cyrillic) {
  if (latin.length > 1 && latin === latin.toUpperCase()) return cyrillic.toUpperCase();
  return latin[0] === latin[0].toUpperCase() && latin[0] !== latin[0].toLowerCase() ? cyrillic[0].toUpperCase() + cyrillic.slice(1) : cyrillic;
}

/** The whole TypeScript file: keys and code stay, the texts are turned; parts it takes in come from their Cyrillic files. */
export function generate(source) {
  const at = source.indexOf("export const");
  const [opening, ...lines] = source.slice(at).split("\n");
  const body = lines.map((line) => {
    const entry = /^(\s*(?:"[^"]+"|\w+): )(.*)$/.exec(line);
    return entry ? entry[1] + entry[2].replace(/"([^"]*)"/g, (_, text) => `"${transliterate(text)}"`) : cyrillicName(line);
  });
  return [
    ...source.slice(0, at).split("\n").filter((line) => line.startsWith("import ")).map(cyrillicName),
    "",
    "/** Generated from uz-latn.ts by `npm run uz-cyrl`; do not edit. Words are set right in scripts/uz-cyrl-exceptions.json. */",
    cyrillicName(opening),
    ...body,
  ].join("\n");
}

function cyrillicName(line) {
  return line.replaceAll("UzLatn", "UzCyrl").replaceAll("uzLatn", "uzCyrl").replaceAll("/uz-latn", "/uz-cyrl");
}

/** Each Latin file and what is made of it: the console's own, and the parts that have a folder of their own. */
const PARTS = ["access", "alerts", "briefing", "contents", "dispatch", "places", "crews", "oversight", "account"];
export const pairs = ["", ...PARTS].map((part) => ({
  source: join(here, "../src/i18n", part, "uz-latn.ts"),
  target: join(here, "../src/i18n", part, "uz-cyrl.ts"),
}));

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  for (const { source, target } of pairs) writeFileSync(target, generate(readFileSync(source, "utf8")));
  console.log("wrote uz-cyrl.ts of each part of src/i18n");
}
