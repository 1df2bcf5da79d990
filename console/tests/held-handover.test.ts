import { afterEach, expect, it, vi } from "vitest";
import { handoverReader } from "../src/screens/briefing/held-handover";

afterEach(() => vi.unstubAllGlobals());

const item = (id: string, text: string | null, is_shut = false) => ({ id, text: text && { text, erased: false }, remark: text && { text, erased: false }, is_shut });

it("asks for no text that stands on the page already, and keeps it with the time at which it was shown", async () => {
  const answers = [
    { texts: "a", held: false, access: { at: "first" }, items: [item("1", "room 3")] },
    { texts: "a", held: true, access: { at: "later" }, items: [item("1", null, true), item("2", null)] },
    { texts: "b", held: false, access: { at: "new" }, items: [item("1", "room 3"), item("2", "sister")] },
  ];
  const fetch = vi.fn(() => Promise.resolve(new Response(JSON.stringify(answers.shift()), { status: 200 })));
  vi.stubGlobal("fetch", fetch);
  const [read, signal] = [handoverReader(), new AbortController().signal];

  await read("/api/handovers/1", signal);
  const held = await read("/api/handovers/1", signal);
  expect(held.items.map((one) => one.text?.text ?? null)).toEqual(["room 3", null]);
  expect(held.items[0]!.remark).toBeNull(); // closed to this reader meanwhile: what was said of it goes
  expect(held.access.at).toBe("first");
  expect((await read("/api/handovers/1", signal)).access.at).toBe("new");
  expect(fetch.mock.calls.map((call: unknown[]) => call[0])).toEqual(["/api/handovers/1", "/api/handovers/1?held=a", "/api/handovers/1?held=a"]);
});
