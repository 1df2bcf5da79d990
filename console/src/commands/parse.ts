/** Turns a typed line into what is meant. Pure: knows no incident and no unit; resolving the names is the next step (resolve.ts). */
import type { Stage, UnitStatus } from "../api/types";
import { asLatinKeys, CLEARED_WORDS, COMMAND_WORDS, COMMANDS, STATUS_WORDS, type CommandName } from "./words";

export type State = UnitStatus | Extract<Stage, "cleared">;

export type Parsed =
  | { kind: "nothing" }
  | { kind: "new" }
  | { kind: "undo" }
  | { kind: "open" | "outcome" | "own"; number: string }
  | { kind: "assign"; number: string; words: string[] }
  | { kind: "status"; words: string[]; state: State }
  | { kind: "note"; number: string; text: string }
  | { kind: "backup"; number: string; count: number }
  | { kind: "find"; text: string }
  | { kind: "wrong"; command: CommandName };

const MOST_LETTERS = 500;
const MOST_BACKUP = 20;

const byWord = new Map<string, CommandName>(COMMANDS.flatMap((name) => COMMAND_WORDS[name].map((word) => [word, name] as const)));
const stateByWord = new Map<string, State>([
  ...Object.entries(STATUS_WORDS).flatMap(([state, words]) => words.map((word) => [word, state as State] as const)),
  ...CLEARED_WORDS.map((word) => [word, "cleared"] as [string, State]),
]);

export function parse(line: string): Parsed {
  // Control and direction characters are never meant; they could make a line look like another one.
  const text = line.slice(0, MOST_LETTERS).replace(/[\p{Cc}\p{Cf}]/gu, " ").trim();
  if (text === "") return { kind: "nothing" };
  const [first = "", ...rest] = text.split(/\s+/);
  const name = look(byWord, first);
  // A single word that is also a name is looked for, not obeyed, unless it is a command that needs nothing more.
  if (name === undefined) return { kind: "find", text };
  return PARSERS[name](rest, text);
}

/** The word itself, else what its keys are on a Latin layout. */
function look<T>(words: ReadonlyMap<string, T>, word: string): T | undefined {
  const lower = word.toLocaleLowerCase("en");
  return words.get(lower) ?? words.get(asLatinKeys(lower));
}

function numberOf(word: string | undefined): string | null {
  const bare = (word ?? "").replace(/^[#№]/, "");
  return bare === "" ? null : bare;
}

const withNumber =
  (kind: "open" | "outcome" | "own") =>
  (rest: string[]): Parsed => {
    const number = numberOf(rest[0]);
    return number === null || rest.length !== 1 ? { kind: "wrong", command: kind } : { kind, number };
  };

const PARSERS: Record<CommandName, (rest: string[], text: string) => Parsed> = {
  new: (rest) => (rest.length === 0 ? { kind: "new" } : { kind: "wrong", command: "new" }),
  undo: (rest) => (rest.length === 0 ? { kind: "undo" } : { kind: "wrong", command: "undo" }),
  open: withNumber("open"),
  outcome: withNumber("outcome"),
  own: withNumber("own"),
  assign([first, ...words]) {
    const number = numberOf(first);
    return number === null || words.length === 0 ? { kind: "wrong", command: "assign" } : { kind: "assign", number, words };
  },
  status(rest) {
    const state = rest.length < 2 ? undefined : look(stateByWord, rest.at(-1)!);
    return state === undefined ? { kind: "wrong", command: "status" } : { kind: "status", words: rest.slice(0, -1), state };
  },
  note([first, ...words], text) {
    const number = numberOf(first);
    if (number === null || words.length === 0) return { kind: "wrong", command: "note" };
    // The text as it was typed, with its own spaces.
    return { kind: "note", number, text: text.replace(/^\S+\s+\S+\s+/, "") };
  },
  backup([first, count, ...more]) {
    const number = numberOf(first);
    const wanted = count === undefined ? 1 : Number(count);
    if (number === null || more.length > 0 || !Number.isInteger(wanted) || wanted < 1 || wanted > MOST_BACKUP) return { kind: "wrong", command: "backup" };
    return { kind: "backup", number, count: wanted };
  },
};
