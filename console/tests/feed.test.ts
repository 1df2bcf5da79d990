// The feed against a server and tabs that are played: gaps, 410, rights that change, lost lines, a leader that dies.
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import type { Snapshot } from "../src/api/types";
import { Feed, type News } from "../src/live/feed";
import { SourceError, type Frame, type Source, type TimedSnapshot } from "../src/live/source";
import { LiveStore } from "../src/live/store";
import type { TabHandlers, TabMessage, Tabs } from "../src/live/tabs";
import { frame, gone, incident, set, snapshot } from "./make";

/** A server whose streams the test writes to. */
class PlayedSource implements Source {
  snapshots = 0;
  cursors: number[] = [];
  now: Snapshot | SourceError = snapshot(5, { incidents: [incident("a")] });
  refuseStream: SourceError | null = null;
  private push: ((frame: Frame | Error | null) => void) | null = null;

  snapshot(): Promise<TimedSnapshot> {
    this.snapshots += 1;
    if (this.now instanceof Error) return Promise.reject(this.now);
    return Promise.resolve({ snapshot: this.now, sent_ms: Date.now(), got_ms: Date.now() });
  }

  async *stream(cursor: number, signal: AbortSignal, heard: () => void): AsyncGenerator<Frame> {
    this.cursors.push(cursor);
    if (this.refuseStream) {
      const error = this.refuseStream;
      this.refuseStream = null;
      throw error;
    }
    heard();
    const waiting: (Frame | Error | null)[] = [];
    let wake = () => undefined as void;
    this.push = (item) => {
      waiting.push(item);
      wake();
    };
    signal.addEventListener("abort", () => this.push?.(null));
    for (;;) {
      if (waiting.length === 0) await new Promise<void>((go) => (wake = go));
      const item = waiting.shift();
      if (item === null || item === undefined) return;
      if (item instanceof Error) throw item;
      heard();
      yield item;
    }
  }

  async send(item: Frame | Error | null): Promise<void> {
    this.push?.(item);
    await settle();
  }
}

/** Tabs of one browser: the first to start leads. */
class PlayedTabs {
  private readonly all: { tab: Tabs; handlers: TabHandlers; stop: AbortController }[] = [];
  private leader: Tabs | null = null;

  open(): Tabs & { kill(): void } {
    const entry: { handlers: TabHandlers | null; stop: AbortController } = { handlers: null, stop: new AbortController() };
    const tab: Tabs & { kill(): void } = {
      start: (handlers) => {
        entry.handlers = handlers;
        this.all.push({ tab, handlers, stop: entry.stop });
        this.elect();
      },
      send: (message: TabMessage) => {
        for (const other of this.all) if (other.tab !== tab) other.handlers.onMessage(structuredClone(message));
      },
      stop: () => this.remove(tab),
      kill: () => this.remove(tab),
    };
    return tab;
  }

  private remove(tab: Tabs): void {
    const at = this.all.findIndex((entry) => entry.tab === tab);
    if (at < 0) return;
    const [gone] = this.all.splice(at, 1);
    gone!.stop.abort();
    if (this.leader === tab) {
      this.leader = null;
      this.elect();
    }
  }

  private elect(): void {
    const next = this.all[0];
    if (this.leader || !next) return;
    this.leader = next.tab;
    void next.handlers.lead(next.stop.signal);
  }
}

async function settle(): Promise<void> {
  for (let i = 0; i < 30; i += 1) await Promise.resolve();
}

const events = (after: number, ...list: Parameters<typeof frame>[1][]): Frame => ({ name: "events", data: frame(after, ...list) });

describe("the feed", () => {
  let source: PlayedSource;
  let tabs: PlayedTabs;
  let news: News[];
  const start = () => {
    const store = new LiveStore((run) => run());
    const tab = tabs.open();
    const feed = new Feed(store, source, tab, (word) => news.push(word));
    feed.start();
    return { store, feed, tab };
  };
  beforeEach(() => {
    vi.useFakeTimers();
    source = new PlayedSource();
    tabs = new PlayedTabs();
    news = [];
  });
  afterEach(() => vi.useRealTimers());

  it("takes a snapshot, streams from its seq and applies", async () => {
    const { store } = start();
    await settle();
    expect(source.cursors).toEqual([5]);
    expect(store.link.kind).toBe("live");
    await source.send(events(5, set(6, incident("b"))));
    expect([...store.incidents.keys()]).toEqual(["a", "b"]);
  });

  it("takes a new snapshot after a gap and loses nothing that came meanwhile", async () => {
    const { store } = start();
    await settle();
    source.now = snapshot(8, { incidents: [incident("a"), incident("b")] });
    await source.send(events(7, set(9, incident("c"))));
    expect(store.seq).toBe(9);
    expect([...store.incidents.keys()].sort()).toEqual(["a", "b", "c"]);
    expect(source.snapshots).toBe(2);
  });

  it("takes a new snapshot when the server says 410, in the status or in the end frame", async () => {
    const { store } = start();
    await settle();
    source.now = snapshot(20);
    await source.send({ name: "end", data: { code: "cursor_too_old", status: 410 } });
    expect(store.seq).toBe(20);
    source.now = snapshot(30);
    source.refuseStream = new SourceError(410);
    await source.send(null);
    await vi.advanceTimersByTimeAsync(1_000);
    expect(store.seq).toBe(30);
    expect(source.cursors.at(-1)).toBe(30);
  });

  it("says since when it is offline, comes back with its cursor, and repeats nothing", async () => {
    const { store } = start();
    await settle();
    await source.send(events(5, set(6, incident("b"))));
    await source.send(new SourceError(0));
    expect(store.link).toMatchObject({ kind: "offline" });
    await vi.advanceTimersByTimeAsync(1_000);
    expect(source.cursors).toEqual([5, 6]);
    expect(store.link.kind).toBe("live");
    expect(source.snapshots).toBe(1);
  });

  it("drops everything held before it shows what new rights allow", async () => {
    const { store } = start();
    await settle();
    source.now = snapshot(7);
    await source.send({ name: "end", data: { code: "access_changed", status: 403 } });
    expect(news).toEqual(["access_changed"]);
    expect(store.incidents.size).toBe(0);
    expect(source.cursors.at(-1)).toBe(7);
  });

  it("ends for good when the session is gone, in every tab, and holds nothing", async () => {
    const first = start();
    const second = start();
    await settle();
    source.refuseStream = new SourceError(401);
    await source.send(null);
    await vi.advanceTimersByTimeAsync(1_000);
    expect(news).toEqual(["signed_out", "signed_out"]);
    expect(first.store.incidents.size + second.store.incidents.size).toBe(0);
  });

  it("uses one stream for eight tabs, and all of them show the same", async () => {
    const all = Array.from({ length: 8 }, start);
    await settle();
    expect(source.cursors).toHaveLength(1);
    await source.send(events(5, set(6, incident("b")), gone(7, "a")));
    for (const { store } of all) expect([...store.incidents.keys()]).toEqual(["b"]);
  });

  it("hands over to the next tab, with its cursor, when the leader dies", async () => {
    const first = start();
    const second = start();
    await settle();
    await source.send(events(5, set(6, incident("b"))));
    first.tab.kill();
    await settle();
    expect(source.cursors).toEqual([5, 6]);
    await source.send(events(6, set(7, incident("c"))));
    expect([...second.store.incidents.keys()]).toEqual(["a", "b", "c"]);
    expect(source.snapshots).toBe(2);
  });

  it("lets a follower that missed a frame find out from the leader's beat", async () => {
    start();
    const { store } = start();
    await settle();
    const feedTabs = tabs.open();
    feedTabs.start({ onMessage: () => undefined, lead: () => Promise.resolve() });
    source.now = snapshot(9);
    feedTabs.send({ kind: "beat", seq: 9, link: { kind: "live", lag_s: null } });
    await vi.advanceTimersByTimeAsync(2_500);
    feedTabs.send({ kind: "beat", seq: 9, link: { kind: "live", lag_s: null } });
    await settle();
    expect(store.seq).toBe(9);
  });

  it("keeps trying for a snapshot while the server is away", async () => {
    source.now = new SourceError(503);
    const { store } = start();
    await settle();
    expect(store.link.kind).toBe("offline");
    source.now = snapshot(5);
    await vi.advanceTimersByTimeAsync(20_000);
    expect(store.seq).toBe(5);
    expect(store.link.kind).toBe("live");
  });
});
