/**
 * Who sits here: signs in and out, loads what a session needs once, and keeps the live feed running while there is one.
 * Framework-free; the screens read it through `useSession`.
 */
import { ApiError, Command, read, whenSignedOut } from "./api/client";
import type { SignInRequest } from "./api/contract-check";
import { ownActs } from "./api/own-acts";
import { sign, type SignOptions } from "./api/passkeys";
import { may } from "./api/permissions";
import { Territories } from "./api/territories";
import type { Codes, Me, Territory } from "./api/types";
import { backoff_ms, pause } from "./live/backoff";
import { Feed, type News } from "./live/feed";
import { HttpSource } from "./live/source";
import { LiveStore } from "./live/store";
import { BrowserTabs } from "./live/tabs";

export type SessionState =
  | { kind: "loading" }
  | { kind: "unreachable" }
  | { kind: "signed_out" }
  | { kind: "enrol"; me: Me }
  | { kind: "ready"; me: Me; codes: Codes; territories: Territories };

const NEVER = new AbortController().signal;

class Session {
  readonly store = new LiveStore();
  private state: SessionState = { kind: "loading" };
  private feed: Feed | null = null;
  private readonly listeners = new Set<() => void>();
  private readonly onLeave = new Set<() => void>();

  constructor() {
    whenSignedOut(() => this.leave());
  }

  get current(): SessionState {
    return this.state;
  }

  readonly subscribe = (listener: () => void): (() => void) => {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  };

  /** Runs when the session ends: whatever a screen keeps in memory of it goes then. */
  whenLeaving(forget: () => void): void {
    this.onLeave.add(forget);
  }

  async open(): Promise<void> {
    this.set({ kind: "loading" });
    try {
      await this.enter(await read<Me>("/api/me"));
    } catch (error) {
      if (error instanceof ApiError && error.status === 401) this.set({ kind: "signed_out" });
      else this.set({ kind: "unreachable" });
    }
  }

  /** Says whether a code is asked for. Throws ApiError (401: wrong login or password) or Unreachable. */
  async signIn(login: string, password: string): Promise<"code" | "in"> {
    const body = { login, password } satisfies SignInRequest;
    const answer = await new Command<Me | { next: "code" }>("POST", "/api/session", body).send({ attempts: 2 });
    if ("next" in answer) return "code";
    await this.enter(answer);
    return "in";
  }

  /** Ends a sign-in by password with the code that was asked for. */
  async finishWith(code: { code: string } | { recovery_code: string }): Promise<"in"> {
    await this.enter(await new Command<Me>("POST", "/api/session/code", code).send({ attempts: 1 }));
    return "in";
  }

  /** Says "away" when the person turned away from the browser's question. */
  async signInWithPasskey(): Promise<"in" | "away"> {
    const credential = await sign(await new Command<SignOptions>("POST", "/api/session/passkey/options", {}).send({ attempts: 1 }));
    if (!credential) return "away";
    try {
      await this.enter(await new Command<Me>("POST", "/api/session/passkey", { credential }).send({ attempts: 1 }));
    } catch (error) {
      if (error instanceof ApiError && error.status === 401) throw new ApiError(401, { ...error.body, code: "passkey_refused" });
      throw error;
    }
    return "in";
  }

  async signOut(): Promise<void> {
    try {
      await new Command<void>("DELETE", "/api/session", undefined).send({ attempts: 2 });
    } finally {
      this.leave();
    }
  }

  private async enter(me: Me): Promise<void> {
    if (me.level === "enrol") return this.set({ kind: "enrol", me });
    const [codes, territories] = await Promise.all([
      read<Codes>("/api/codes"),
      read<{ territories: Territory[] }>("/api/territories"),
    ]);
    const scope = [...new Set(me.grants.map((grant) => grant.territory_id))];
    this.set({ kind: "ready", me, codes, territories: new Territories(territories.territories, scope) });
    this.startFeed(me);
  }

  private startFeed(me: Me): void {
    this.feed?.stop();
    this.feed = null;
    if (!may(me, "picture")) return;
    this.feed = new Feed(this.store, new HttpSource(), new BrowserTabs(`markaz-live-${me.account.id}`), (news) => this.hear(news));
    this.feed.start();
  }

  private hear(news: News): void {
    if (news === "signed_out") this.leave();
    else if (news === "access_changed") void this.reload();
  }

  /** Rights changed while the person was at work: the menu and the territories follow, as soon as the line lets them. */
  private async reload(): Promise<void> {
    for (let failures = 0; this.state.kind === "ready"; failures += 1) {
      try {
        const me = await read<Me>("/api/me");
        const { territories } = await read<{ territories: Territory[] }>("/api/territories");
        if (this.state.kind !== "ready") return;
        const scope = [...new Set(me.grants.map((grant) => grant.territory_id))];
        return this.set({ ...this.state, me, territories: new Territories(territories, scope) });
      } catch (error) {
        if (error instanceof ApiError && error.status < 500 && error.status !== 429) {
          if (error.status !== 401) await this.open();
          return;
        }
        await pause(backoff_ms(failures), NEVER, globalThis.window);
      }
    }
  }

  private leave(): void {
    this.feed?.stop();
    this.feed = null;
    this.store.clear();
    ownActs.clear();
    for (const forget of this.onLeave) forget();
    if (this.state.kind !== "signed_out") this.set({ kind: "signed_out" });
  }

  private set(state: SessionState): void {
    this.state = state;
    for (const listener of [...this.listeners]) listener();
  }
}

export const session = new Session();
