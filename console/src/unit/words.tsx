/** The language of the phone's page: the same texts as the console's, without its session and live picture. */
import { createContext, useContext, useEffect, useMemo, useState, type ReactNode } from "react";
import { nameOf } from "../api/territories";
import type { Codes, LanguageTag, Names } from "../api/types";
import { formats, type Formats } from "../i18n/format";
import { preferredLanguage, translator, type Translate } from "../i18n/language";

interface Words {
  language: LanguageTag;
  setLanguage(tag: LanguageTag): void;
  t: Translate;
  f: Formats;
  code(list: Codes["categories"] | undefined, code: string): string;
}

const WordsContext = createContext<Words | null>(null);
const LANGUAGE_KEY = "markaz.language";

export function UnitWords({ children }: { children: ReactNode }) {
  const [language, setLanguage] = useState<LanguageTag>(() => preferredLanguage(localStorage.getItem(LANGUAGE_KEY), navigator.languages));
  const words = useMemo<Words>(() => {
    const t = translator(language);
    const name = (names: Names | undefined, code: string) => nameOf(names, language, code);
    const code = (list: Codes["categories"] | undefined, wanted: string) => {
      const text = name(list?.find((entry) => entry.code === wanted)?.names, wanted);
      return text.charAt(0).toLocaleUpperCase() + text.slice(1);
    };
    return { language, setLanguage, t, f: formats(language, t), code };
  }, [language]);
  useEffect(() => {
    document.documentElement.lang = language;
    document.title = words.t("unit.title");
    localStorage.setItem(LANGUAGE_KEY, language);
  }, [language, words]);
  return <WordsContext value={words}>{children}</WordsContext>;
}

export function useUnitWords(): Words {
  const words = useContext(WordsContext);
  if (!words) throw new Error("useUnitWords outside UnitWords");
  return words;
}
