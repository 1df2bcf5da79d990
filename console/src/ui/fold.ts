/** How names are compared with what is typed: without case, marks or any of the signs that stand for ʻ, and with Uzbek Cyrillic letters as their Russian neighbours. */
const NEIGHBOURS: Readonly<Record<string, string>> = { ў: "о", қ: "к", ғ: "г", ҳ: "х" };

export function fold(text: string): string {
  return text
    .normalize("NFC")
    .toLocaleLowerCase("en")
    .replace(/[ўқғҳ]/g, (letter) => NEIGHBOURS[letter]!)
    .normalize("NFKD")
    .replace(/[\p{M}'`\u02BB\u02BC\u2018\u2019]/gu, "")
    .trim();
}
