import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { SseParser } from "../src/live/sse";

const TEXT = ':\n\nid: 7\nevent: events\ndata: {"after":6}\n\nevent: positions\r\ndata: {"p":[]}\r\n\r\n: keep\n\ndata: one\ndata: two\n\n';
const EVENTS = [
  { event: "events", data: '{"after":6}', id: "7" },
  { event: "positions", data: '{"p":[]}', id: null },
  { event: "message", data: "one\ntwo", id: null },
];

describe("server-sent events", () => {
  it("reads events and passes over comments", () => {
    expect(new SseParser().push(TEXT)).toEqual(EVENTS);
  });

  it("does not care where the network cuts", () => {
    fc.assert(
      fc.property(fc.array(fc.nat(TEXT.length), { maxLength: 8 }), (cuts) => {
        const parser = new SseParser();
        const at = [0, ...cuts.toSorted((a, b) => a - b), TEXT.length];
        const events = at.slice(1).flatMap((end, index) => parser.push(TEXT.slice(at[index], end)));
        expect(events).toEqual(EVENTS);
      }),
    );
  });

  it("keeps an unfinished event back", () => {
    expect(new SseParser().push("event: events\ndata: {")).toEqual([]);
  });
});
