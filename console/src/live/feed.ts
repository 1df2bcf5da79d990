/**
 * Keeps one store current. The leading tab reads the stream and hands every frame to the others; the others take a snapshot of
 * their own and then live on the leader's frames. What leads and how frames travel between tabs is `tabs.ts`.
 *
 * May be wrong about: nothing that matters. A missed frame shows as a gap and costs a snapshot, never a wrong picture.
 */
import { backoff_ms, pause } from "./backoff";
import { SourceError, type Frame, type Source } from "./source";
import type { LiveStore, LinkState } from "./store";
import type { Tabs, TabMessage } from "./tabs";

/** What the feed tells the application; after "signed_out" and "forbidden" it has stopped. */
export type News = "signed_out" | "forbidden" | "access_changed";

/** A follower that is told of a seq it has not got waits this long for the frame before it takes a snapshot. */
const BEHIND_GRACE_MS = 2_000;
const BEAT_EVERY_MS = 1_000;
/** More waiting frames than this are dropped: the gap they leave is seen and mended by a snapshot. */
const MAX_EARLY = 2_000;

export class Feed {
  private readonly stopped = new AbortController();
  private refreshing: Promise<void> | null = null;
  private early: Frame[] = [];
  private leading = false;
  private behindSince_ms: number | null = null;
  private lastBeat_ms = 0;
  private access: AbortController | null = null;

  constructor(
    private readonly store: LiveStore,
    private readonly source: Source,
    private readonly tabs: Tabs,
    private readonly onNews: (news: News) => void,
  ) {}

  start(): void {
    this.tabs.start({
      onMessage: (message) => this.hear(message),
      lead: (signal) => this.lead(AbortSignal.any([signal, this.stopped.signal])),
    });
    this.tabs.send({ kind: "hello" });
    void this.refresh().catch(() => undefined);
  }

  stop(): void {
    this.stopped.abort();
    this.access?.abort();
    this.tabs.stop();
  }

  /** A fresh snapshot; several askers share one request. Retries until it has one or the feed stops. */
  refresh(): Promise<void> {
    this.refreshing ??= this.takeSnapshot().finally(() => {
      this.refreshing = null;
    });
    return this.refreshing;
  }

  private async takeSnapshot(): Promise<void> {
    for (let failures = 0; ; failures += 1) {
      try {
        const { snapshot, sent_ms, got_ms } = await this.source.snapshot(this.stopped.signal);
        this.store.time.learn(snapshot.at, sent_ms, got_ms);
        this.store.load(snapshot);
        this.behindSince_ms = null;
        this.replayEarlyFrames();
        return;
      } catch (error) {
        this.stopped.signal.throwIfAborted();
        if (this.endedBy(error)) return;
        this.offline();
        await pause(backoff_ms(failures), this.stopped.signal, globalThis.window);
      }
    }
  }

  /** Frames that came while a snapshot was on its way are newer than it or known to it; the cursor tells which. */
  private replayEarlyFrames(): void {
    const frames = this.early;
    this.early = [];
    for (const frame of frames) this.take(frame);
  }

  private take(frame: Frame): void {
    if (this.refreshing && this.early.length < MAX_EARLY) this.early.push(frame);
    if (!this.store.hasSnapshot) return;
    if (frame.name === "positions") this.store.applyPositions(frame.data.positions);
    else if (frame.name === "presence") this.store.applyPresence(frame.data.presence);
    else if (frame.name === "clock") this.store.setClock(frame.data);
    else if (frame.name === "events" && this.store.applyEvents(frame.data) === "gap" && !this.refreshing) {
      this.early.push(frame);
      void this.refresh().catch(() => undefined);
    }
  }

  // ---- leading -------------------------------------------------------------------------------------------------------

  private async lead(signal: AbortSignal): Promise<void> {
    this.leading = true;
    try {
      for (let failures = 0; !signal.aborted; failures += 1) {
        try {
          if (this.refreshing || !this.store.hasSnapshot) await this.refresh();
          if (await this.readStream(signal, () => (failures = 0))) continue;
        } catch (error) {
          if (signal.aborted) return;
          if (this.endedBy(error)) return;
          if (error instanceof SourceError && error.status === 410) {
            await this.refresh();
            continue;
          }
        }
        if (signal.aborted) return;
        this.offline();
        await pause(backoff_ms(failures), signal, globalThis.window).catch(() => undefined);
      }
    } finally {
      this.leading = false;
    }
  }

  /** Reads until the stream ends; true when it is to be opened again at once. */
  private async readStream(signal: AbortSignal, onAlive: () => void): Promise<boolean> {
    this.access = new AbortController();
    const either = AbortSignal.any([signal, this.access.signal]);
    const heard = () => {
      onAlive();
      if (this.store.link.kind !== "live") this.setLink({ kind: "live", lag_s: null });
      this.beat();
    };
    for await (const frame of this.source.stream(this.store.seq, either, heard)) {
      if (frame.name === "end") {
        if (frame.data.code === "access_changed") await this.accessChanged();
        else if (frame.data.status === 410) await this.refresh();
        else return false;
        return true;
      }
      const waited = this.lag_s(frame);
      this.take(frame);
      this.tabs.send({ kind: "frame", frame });
      if (waited !== null) this.setLink({ kind: "live", lag_s: waited });
    }
    return false;
  }

  /** Rights changed: what every tab holds may now be too much, so all of it goes before anything new is shown. */
  private async accessChanged(): Promise<void> {
    this.tabs.send({ kind: "access_changed" });
    this.store.clear();
    this.onNews("access_changed");
    await this.refresh();
  }

  private lag_s(frame: Frame): number | null {
    if (frame.name !== "events") return null;
    const recorded = frame.data.events.findLast((event) => event.recorded_at)?.recorded_at;
    if (!recorded) return null;
    return Math.max(0, Math.round((this.store.time.now_ms() - Date.parse(recorded)) / 100) / 10);
  }

  private beat(): void {
    const now_ms = Date.now();
    if (now_ms - this.lastBeat_ms < BEAT_EVERY_MS) return;
    this.lastBeat_ms = now_ms;
    this.tabs.send({ kind: "beat", seq: this.store.seq, link: this.store.link });
  }

  private setLink(link: LinkState): void {
    this.store.setLink(link);
    if (this.leading) this.tabs.send({ kind: "beat", seq: this.store.seq, link });
  }

  private offline(): void {
    if (this.store.link.kind === "offline" || this.store.link.kind === "ended") return;
    this.setLink({ kind: "offline", since_ms: this.store.time.now_ms() });
  }

  /** True when the error is the server's word that this session has nothing to read: the feed stops for good. */
  private endedBy(error: unknown): boolean {
    if (!(error instanceof SourceError) || (error.status !== 401 && error.status !== 403)) return false;
    const isSignedOut = error.status === 401;
    this.store.clear();
    this.store.setLink({ kind: "ended" });
    if (isSignedOut) this.tabs.send({ kind: "signed_out" });
    this.stop();
    this.onNews(isSignedOut ? "signed_out" : "forbidden");
    return true;
  }

  // ---- following -----------------------------------------------------------------------------------------------------

  private hear(message: TabMessage): void {
    if (message.kind === "signed_out") {
      this.store.clear();
      this.stop();
      this.onNews("signed_out");
    } else if (message.kind === "access_changed") {
      this.store.clear();
      this.onNews("access_changed");
      void this.refresh().catch(() => undefined);
    } else if (this.leading) {
      if (message.kind === "hello") this.setLink(this.store.link);
      return; // Two leaders for a moment: each lives on its own stream.
    } else if (message.kind === "frame") {
      this.take(message.frame);
    } else if (message.kind === "beat") {
      this.store.setLink(message.link);
      this.checkBehind(message.seq);
    }
  }

  private checkBehind(seq: number): void {
    if (this.refreshing || seq <= this.store.seq) {
      this.behindSince_ms = null;
      return;
    }
    this.behindSince_ms ??= Date.now();
    if (Date.now() - this.behindSince_ms >= BEHIND_GRACE_MS) {
      this.behindSince_ms = null;
      void this.refresh().catch(() => undefined);
    }
  }
}
