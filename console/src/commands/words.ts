/** What may be typed in the command line, as data: each command and state by its short word and by words of every language. */
import type { UnitStatus } from "../api/types";

export const COMMANDS = ["new", "open", "assign", "status", "note", "backup", "outcome", "own", "undo"] as const;
export type CommandName = (typeof COMMANDS)[number];

export const COMMAND_WORDS: Readonly<Record<CommandName, readonly string[]>> = {
  new: ["n", "new", "yangi", "янги", "новое", "новый"],
  open: ["i", "open", "och", "оч", "открыть"],
  assign: ["a", "assign", "send", "yubor", "юбор", "выслать", "назначить"],
  status: ["s", "status", "holat", "ҳолат", "статус"],
  note: ["t", "note", "izoh", "изоҳ", "заметка"],
  backup: ["b", "backup", "madad", "мадад", "подкрепление"],
  outcome: ["x", "outcome", "natija", "натижа", "итог"],
  own: ["o", "own", "take", "ol", "ол", "взять"],
  undo: ["u", "undo", "bekor", "бекор", "отмена"],
};

export const STATUS_WORDS: Readonly<Partial<Record<UnitStatus, readonly string[]>>> = {
  available: ["av", "free", "available", "boʻsh", "bosh", "бўш", "свободен"],
  en_route: ["er", "enroute", "yoʻlda", "yolda", "йўлда", "впути"],
  on_scene: ["os", "onscene", "joyida", "жойида", "наместе"],
  transporting: ["tr", "transport", "olib", "олиб", "везёт", "везет"],
  at_hospital: ["ah", "hospital", "shifoxona", "шифохона", "больница"],
  busy: ["bu", "busy", "band", "банд", "занят"],
  out_of_service: ["oo", "oos", "nosoz", "носоз", "неисправен"],
  off_duty: ["od", "off", "dam", "дам", "сменен"],
};
/** A stage that ends the work: not a status of its own. */
export const CLEARED_WORDS: readonly string[] = ["cl", "clear", "cleared", "tugadi", "тугади", "закончил"];

const LATIN = "qwertyuiop[]asdfghjkl;'zxcvbnm,.";
const CYRILLIC = "йцукенгшщзхъфывапролджэячсмитьбю";

/** The same keys pressed on a Latin layout: whoever forgot to switch typed what they meant. */
export function asLatinKeys(text: string): string {
  return [...text.toLocaleLowerCase("ru")].map((letter) => (CYRILLIC.includes(letter) ? LATIN[CYRILLIC.indexOf(letter)]! : letter)).join("");
}

/** How each command is typed; the same letters in every language, because they are what the keys say. */
export const EXAMPLES: Readonly<Record<CommandName, string>> = {
  new: "n",
  open: "i 1042",
  assign: "a 1042 U17 U22",
  status: "s U17 os (av er os tr ah cl bu oo od)",
  note: "t 1042 …",
  backup: "b 1042 2",
  outcome: "x 1042",
  own: "o 1042",
  undo: "u",
};
