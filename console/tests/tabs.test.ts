import { afterEach, describe, expect, it, vi } from "vitest";
import { BrowserTabs, type Locks } from "../src/live/tabs";

/** navigator.locks as far as it is used: one holder, a line behind it, stealing. */
class PlayedLocks {
  private holder: { reject: (error: unknown) => void; done: () => void } | null = null;
  private readonly line: (() => void)[] = [];

  readonly request = ((_name: string, options: LockOptions, run: () => Promise<void>) =>
    new Promise<void>((resolve, reject) => {
      const hold = () => {
        const mine = { reject, done: () => this.release(mine) };
        this.holder = mine;
        void run().then(() => {
          mine.done();
          resolve();
        });
      };
      options.signal?.addEventListener("abort", () => reject(new DOMException("stopped", "AbortError")));
      if (options.steal && this.holder) {
        this.holder.reject(new DOMException("stolen", "AbortError"));
        hold();
      } else if (this.holder) {
        this.line.push(() => !options.signal?.aborted && hold());
      } else hold();
    })) as unknown as Locks["request"];

  private release(mine: unknown): void {
    if (this.holder !== mine) return;
    this.holder = null;
    this.line.shift()?.();
  }
}

const tick = () => new Promise((go) => setTimeout(go, 5));

describe("tabs of one browser", () => {
  const open: BrowserTabs[] = [];
  afterEach(() => open.splice(0).forEach((tabs) => tabs.stop()));

  function tab(name: string, locks: Locks | undefined) {
    const tabs = new BrowserTabs(name, locks);
    const state = { leads: 0, heard: [] as unknown[], tabs };
    tabs.start({
      onMessage: (message) => state.heard.push(message),
      lead: (signal) => {
        state.leads += 1;
        return new Promise((resolve) => signal.addEventListener("abort", () => resolve()));
      },
    });
    open.push(tabs);
    return state;
  }

  it("lets exactly one lead, and the next when it goes", async () => {
    const locks = new PlayedLocks();
    const [first, second, third] = [tab("t1", locks), tab("t1", locks), tab("t1", locks)];
    await tick();
    expect([first.leads, second.leads, third.leads]).toEqual([1, 0, 0]);
    first.tabs.stop();
    await tick();
    expect([second.leads, third.leads]).toEqual([1, 0]);
  });

  it("carries what the leader sends to the others only", async () => {
    const locks = new PlayedLocks();
    const [first, second] = [tab("t2", locks), tab("t2", locks)];
    first.tabs.send({ kind: "beat", seq: 3, link: { kind: "live", lag_s: null } });
    await vi.waitFor(() => expect(second.heard).toEqual([{ kind: "beat", seq: 3, link: { kind: "live", lag_s: null } }]), { timeout: 10_000 });
    expect(first.heard).toEqual([]);
  });

  it("lets every tab lead itself where the browser has no locks", async () => {
    const [first, second] = [tab("t3", undefined), tab("t3", undefined)];
    await tick();
    expect([first.leads, second.leads]).toEqual([1, 1]);
  });

  it("delivers its last words before it closes", async () => {
    const locks = new PlayedLocks();
    const [first, second] = [tab("t4", locks), tab("t4", locks)];
    first.tabs.send({ kind: "signed_out" });
    first.tabs.stop();
    await vi.waitFor(() => expect(second.heard).toEqual([{ kind: "signed_out" }]), { timeout: 10_000 });
  });
});
