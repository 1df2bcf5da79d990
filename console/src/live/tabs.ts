/**
 * One stream for all tabs of a browser: a Web Lock says which tab leads, a BroadcastChannel carries its frames to the rest.
 * When the leader dies its lock falls to the next tab at once; when it is silent (frozen by the browser) a follower takes over.
 * Without Web Locks (a page served over plain HTTP from another machine) every tab leads itself.
 */
import type { Frame } from "./source";
import type { LinkState } from "./store";

export type TabMessage =
  | { kind: "frame"; frame: Frame }
  | { kind: "beat"; seq: number; link: LinkState }
  | { kind: "hello" }
  | { kind: "access_changed" }
  | { kind: "signed_out" };

export interface TabHandlers {
  onMessage(message: TabMessage): void;
  /** Runs for as long as this tab leads; `signal` aborts when it no longer does. */
  lead(signal: AbortSignal): Promise<void>;
}

export interface Tabs {
  start(handlers: TabHandlers): void;
  send(message: TabMessage): void;
  stop(): void;
}

export type Locks = Pick<LockManager, "request">;

/** More than the leader's own silence limit (35 s), so that a leader that merely waits for the server is left in its place. */
const LEADER_SILENT_MS = 45_000;
const CHECK_EVERY_MS = 5_000;

export class BrowserTabs implements Tabs {
  private readonly stopped = new AbortController();
  private channel: BroadcastChannel | null = null;
  private heard_ms = 0;
  private leading = false;
  private watch: ReturnType<typeof setInterval> | undefined;

  constructor(
    private readonly name: string,
    private readonly locks: Locks | undefined = globalThis.navigator?.locks,
    private readonly random: () => number = Math.random,
  ) {}

  start(handlers: TabHandlers): void {
    if (!this.locks) {
      this.leading = true;
      void handlers.lead(this.stopped.signal);
      return;
    }
    this.channel = new BroadcastChannel(this.name);
    this.channel.onmessage = (event: MessageEvent<TabMessage>) => {
      this.heard_ms = Date.now();
      handlers.onMessage(event.data);
    };
    void this.queueForLead(handlers, false);
    this.heard_ms = Date.now();
    this.watch = setInterval(() => this.checkLeader(handlers), CHECK_EVERY_MS);
  }

  send(message: TabMessage): void {
    this.channel?.postMessage(message);
  }

  stop(): void {
    this.stopped.abort();
    clearInterval(this.watch);
    // The last words (signed out) must leave before the door is shut.
    const channel = this.channel;
    this.channel = null;
    setTimeout(() => channel?.close(), 0);
  }

  private checkLeader(handlers: TabHandlers): void {
    if (this.leading || this.stopped.signal.aborted) return;
    // A jitter of its own for each tab, so that seven followers do not all take the lock from one another.
    if (Date.now() - this.heard_ms < LEADER_SILENT_MS + this.random() * CHECK_EVERY_MS * 2) return;
    this.heard_ms = Date.now();
    void this.queueForLead(handlers, true);
  }

  private async queueForLead(handlers: TabHandlers, steal: boolean): Promise<void> {
    const options = steal ? { steal: true } : { signal: this.stopped.signal };
    const lost = new AbortController();
    try {
      await this.locks?.request(this.name, options, async () => {
        this.leading = true;
        await handlers.lead(AbortSignal.any([this.stopped.signal, lost.signal]));
      });
    } catch (error) {
      lost.abort();
      if (!(error instanceof DOMException && error.name === "AbortError")) {
        this.leading = true; // Locks are forbidden here: better a stream of one's own than none.
        return handlers.lead(this.stopped.signal);
      }
      // Stopped while waiting, or another tab took the lock because this one was silent: stand in line again.
    }
    this.leading = false;
    this.heard_ms = Date.now();
    if (!steal && !this.stopped.signal.aborted) await this.queueForLead(handlers, false);
  }
}
