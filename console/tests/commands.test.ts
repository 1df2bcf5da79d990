import { describe, expect, it } from "vitest";
import { parse } from "../src/commands/parse";
import { resolve } from "../src/commands/resolve";
import { asLatinKeys, CLEARED_WORDS, COMMAND_WORDS, STATUS_WORDS } from "../src/commands/words";
import { incident, unit } from "./make";

const picture = {
  incidents: [incident("x", { number: "1042" }), incident("y", { number: "7" })],
  units: [unit("a", { call_sign: "U17" }), unit("b", { call_sign: "U22" }), unit("c", { call_sign: "P 4 N" }), unit("d", { call_sign: "W1", status: "en_route", incident_id: "x" }),
    unit("e", { call_sign: "TWIN" }), unit("f", { call_sign: "TWIN", territory_id: 9 })],
};
const plan = (line: string) => resolve(parse(line), picture);

describe("a typed line", () => {
  it.each([
    ["n", "new"], ["i 1042", "open"], ["a 1042 U17 U22", "assign"], ["s W1 os", "stage"], ["t 1042 red car", "note"], ["b 1042", "backup"], ["x 1042", "outcome"], ["o 1042", "own"], ["u", "undo"],
    ["yubor 1042 u17", "assign"], ["юбор 1042 u17", "assign"], ["выслать №1042 U17", "assign"], ["s U17 band", "status"], ["s W1 тугади", "stage"], ["s W1 free", "stage"],
  ])("%s is understood", (line, kind) => {
    expect(plan(line)).toMatchObject({ plan: { kind } });
  });

  it("means the same when the layout was left on Cyrillic", () => {
    expect(plan("ф 1042 Г17 Г22")).toEqual(plan("a 1042 U17 U22"));
    expect(plan("ы Ц1 щы")).toEqual(plan("s W1 os"));
    expect(plan("т")).toEqual(plan("n"));
    expect(asLatinKeys("ФЫВ")).toBe("asd");
  });

  it("sends each named unit once, also one whose call sign holds spaces", () => {
    expect(plan("a 1042 p 4 n U17 u17")).toMatchObject({ plan: { units: [{ id: "c" }, { id: "a" }] } });
  });

  it.each([
    ["a 1042", "wrong"], ["a", "wrong"], ["a 99 U17", "no_incident"], ["a 1042 U99", "no_unit"], ["a 1042 W1", "not_free"], ["a 1042 TWIN", "two_units"], ["s U17 os", "not_working"],
    ["s W1 busy", "working"], ["s U17", "wrong"], ["s U17 U22 av", "wrong"], ["b 1042 0", "wrong"], ["b 1042 21", "wrong"], ["b 1042 1e9", "wrong"], ["n now", "wrong"], ["", "nothing"], ["i 1042 7", "wrong"],
  ])("%s is refused with what is missing", (line, code) => {
    expect(plan(line)).toMatchObject({ trouble: { code } });
  });

  it("that is no command is looked for", () => {
    expect(parse("Chilonzor 12")).toEqual({ kind: "find", text: "Chilonzor 12" });
  });

  it("keeps the words of a note as they are", () => {
    expect(parse("t 1042  two  men, a knife")).toEqual({ kind: "note", number: "1042", text: "two  men, a knife" });
  });

  it("that is hostile does nothing strange", () => {
    for (const line of ["__proto__", "constructor 1", "s U17 __proto__", "a\u0000 1042 U17", "\u202Ea 1042", "t 1042 <img src=x onerror=alert(1)>", "a " + "9".repeat(10_000), "💥".repeat(600)]) {
      expect(() => plan(line)).not.toThrow();
    }
    expect(parse("s U17 toString")).toEqual({ kind: "wrong", command: "status" });
    expect(parse("a 1042 " + "U17 ".repeat(1000))).toMatchObject({ kind: "assign" });
    expect(plan("a 1042 " + "U17 ".repeat(1000))).toMatchObject({ trouble: { code: "no_unit" } });
  });
});

it("no word means two things", () => {
  const commands = Object.values(COMMAND_WORDS).flat();
  expect(new Set(commands).size).toBe(commands.length);
  const states = [...Object.values(STATUS_WORDS).flat(), ...CLEARED_WORDS];
  expect(new Set(states).size).toBe(states.length);
});
