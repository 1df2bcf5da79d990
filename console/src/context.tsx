/** What every screen may read: the language, the session and the live picture. */
import { createContext, useContext, useEffect, useMemo, useState, useSyncExternalStore, type ReactNode } from "react";
import type { Codes, LanguageTag, Me, Names } from "./api/types";
import { nameOf, type Territories } from "./api/territories";
import { formats, type Formats } from "./i18n/format";
import { preferredLanguage, translator, type Translate } from "./i18n/language";
import type { LiveStore, Topic } from "./live/store";
import { session, type SessionState } from "./session";

export interface Words {
  language: LanguageTag;
  setLanguage(tag: LanguageTag): void;
  t: Translate;
  f: Formats;
  /** A name that came as data, in this language or the nearest there is. */
  name(names: Names | undefined, code: string): string;
}

const WordsContext = createContext<Words | null>(null);
const LANGUAGE_KEY = "markaz.language";

export function WordsProvider({ children }: { children: ReactNode }) {
  const [language, setLanguage] = useState<LanguageTag>(() =>
    preferredLanguage(localStorage.getItem(LANGUAGE_KEY), navigator.languages),
  );
  const words = useMemo<Words>(() => {
    const t = translator(language);
    return { language, setLanguage, t, f: formats(language, t), name: (names, code) => nameOf(names, language, code) };
  }, [language]);
  useEffect(() => {
    document.documentElement.lang = language;
    document.title = words.t("app.title");
    localStorage.setItem(LANGUAGE_KEY, language);
  }, [language, words]);
  return <WordsContext value={words}>{children}</WordsContext>;
}

export function useWords(): Words {
  const words = useContext(WordsContext);
  if (!words) throw new Error("useWords outside WordsProvider");
  return words;
}

export function useSessionState(): SessionState {
  return useSyncExternalStore(session.subscribe, () => session.current);
}

interface Ready {
  me: Me;
  codes: Codes;
  territories: Territories;
}

/** Only below the screens that are shown when a session is ready. */
export function useSession(): Ready {
  const state = useSessionState();
  if (state.kind !== "ready") throw new Error("useSession without a session");
  return state;
}

/** `select` must return the same value while nothing it reads has changed: a held object, a primitive, or a `derived` value. */
export function useLive<T>(topic: Topic, select: (store: LiveStore) => T): T {
  const store = session.store;
  return useSyncExternalStore(
    useMemo(() => (listener: () => void) => store.subscribe(topic, listener), [store, topic]),
    () => select(store),
  );
}

// One ticker for the whole page: ages are read by the second at most.
const tickers = new Set<() => void>();
let ticks = 0;
setInterval(() => {
  ticks += 1;
  for (const tick of [...tickers]) tick();
}, 1000);

/** Renders the caller again each second. */
export function useTick(): number {
  return useSyncExternalStore(
    (listener) => {
      tickers.add(listener);
      return () => tickers.delete(listener);
    },
    () => ticks,
  );
}

export function useMedia(query: string): boolean {
  const list = useMemo(() => matchMedia(query), [query]);
  return useSyncExternalStore(
    (listener) => {
      list.addEventListener("change", listener);
      return () => list.removeEventListener("change", listener);
    },
    () => list.matches,
  );
}

/** Code tables are written in small letters; standing alone on a screen a name begins with a capital. */
function capital(text: string): string {
  const [first = "", ...rest] = text;
  return first.toLocaleUpperCase() + rest.join("");
}

/** Names of codes and territories, ready to show. */
export function useNames() {
  const { codes, territories } = useSession();
  const { name } = useWords();
  return useMemo(() => {
    const table = (list: { code: string; names: Names }[]) => new Map(list.map((entry) => [entry.code, capital(name(entry.names, entry.code))]));
    const [categories, priorities, outcomes, kinds, channels] = [
      codes.categories, codes.priorities, codes.outcomes, codes.unit_kinds, codes.channels,
    ].map(table) as [Map<string, string>, Map<string, string>, Map<string, string>, Map<string, string>, Map<string, string>];
    const skills = new Map(codes.skills.map((skill) => [skill.code, name(skill.names, skill.code)]));
    const levels = new Map(codes.levels.map((level) => [level.key, capital(name(level.names, level.key))]));
    const rank = new Map(codes.priorities.map((priority, index) => [priority.code, index]));
    const look = (map: Map<string, string>) => (code: string) => map.get(code) ?? code;
    const territory = (id: number) => {
      const found = territories.get(id);
      return found ? name(found.names, found.code) : null;
    };
    return {
      category: look(categories), priority: look(priorities), outcome: look(outcomes), kind: look(kinds), channel: look(channels), skill: look(skills),
      level: look(levels), territory,
      /** 0 is the most urgent; a priority nobody has heard of stands last. */
      rank: (code: string) => rank.get(code) ?? codes.priorities.length,
    };
  }, [codes, territories, name]);
}

export type NameBook = ReturnType<typeof useNames>;
