/**
 * The phone of one unit: what it knows, what it still has to send, and whether the centre hears it. Framework-free. With no network it
 * goes on with what it knew; the centre works out the true times of what was done meanwhile.
 */
import { ApiError, Command, newKey, read, Unreachable } from "../api/client";
import type { Codes, Me, UnitView } from "../api/types";
import { Outbox, PHOTOS, type End, type Report } from "./outbox";
import { sendReport } from "./sending";
import { forget, PhoneReports, recall, remember } from "./storage";
import { sendingOf, type FieldIncident, type FieldNow, type Remembered } from "./types";

const LOOK_EVERY_MS = 8_000;
const POSITION_EVERY_MS = 10_000;
const RETRY_EVERY_MS = 5_000;

export type Mode = "loading" | "unreachable" | "signed_out" | "log_on" | "ready";

export interface PhoneState {
  mode: Mode;
  known: Remembered | null;
  isOnline: boolean;
  /** When the centre was last heard, by this phone's clock. */
  heard_ms: number | null;
  /** When our position was last taken in. */
  shared_ms: number | null;
}

export interface Fix {
  lon: number;
  lat: number;
  accuracy_m: number;
  at_ms: number;
}

const NOT_HELD = 0; // no version of the centre: what is left of an incident is no copy of it

const NOTHING: PhoneState = { mode: "loading", known: null, isOnline: true, heard_ms: null, shared_ms: null };

export class Phone {
  readonly outbox = new Outbox(new PhoneReports(), sendReport);
  private state: PhoneState = NOTHING;
  private fix: Fix | null = null;
  private watch: number | null = null;
  private timers: number[] = [];
  private looks = 0;
  private isSharing = false;
  private readonly listeners = new Set<() => void>();
  onNewIncident: (incident: FieldIncident) => void = () => undefined;

  get current(): PhoneState {
    return this.state;
  }

  readonly subscribe = (listener: () => void): (() => void) => {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  };

  async open(): Promise<void> {
    await this.outbox.open();
    const known = await recall();
    if (known) this.set({ known, mode: known.unit ? "ready" : "log_on" });
    await this.enter();
    this.timers = [
      window.setInterval(() => this.looks === 0 && void this.look(), LOOK_EVERY_MS),
      window.setInterval(() => void this.flush(), RETRY_EVERY_MS),
      window.setInterval(() => void this.share(), POSITION_EVERY_MS),
    ];
    addEventListener("online", () => void this.look());
    document.addEventListener("visibilitychange", () => document.visibilityState === "visible" && void this.look());
  }

  close(): void {
    this.timers.forEach((timer) => clearInterval(timer));
    this.stopWatching();
  }

  /** Says whether a code is asked for. */
  async signIn(login: string, password: string): Promise<"code" | "in"> {
    const answer = await new Command<Me | { next: "code" }>("POST", "/api/session", { login, password }).send({ attempts: 2 });
    if ("next" in answer) return "code";
    await this.enter();
    return "in";
  }

  async finishWith(code: { code: string } | { recovery_code: string }): Promise<"in"> {
    await new Command<Me>("POST", "/api/session/code", code).send({ attempts: 1 });
    await this.enter();
    return "in";
  }

  async signOut(): Promise<void> {
    await new Command<void>("DELETE", "/api/session", undefined).send({ attempts: 1 }).catch(() => undefined);
    await forget();
    this.stopWatching();
    this.set({ mode: "signed_out", known: null });
  }

  /** Who sits here, after a reload or a sign-in. */
  private async enter(): Promise<void> {
    try {
      const me = await read<Me>("/api/me");
      // The account needs a second factor first: the console's page adds one, and comes back here.
      if (me.level === "enrol") return location.assign("/?to=unit");
      const codes = await read<Codes>("/api/codes");
      const before = this.state.known;
      const isSame = before?.account_id === me.account.id;
      await this.know({
        account_id: me.account.id,
        display_name: me.account.display_name,
        demo: me.demo,
        training: me.training,
        trial: me.trial,
        unit: isSame ? before.unit : null,
        incident: isSame ? before.incident : null,
        as_of: isSame ? before.as_of : me.now,
        codes,
      });
      await this.look();
    } catch (error) {
      this.hear(error);
    }
  }

  /** Ask the centre what there is for us. */
  async look(): Promise<void> {
    const known = this.state.known;
    if (!known || document.visibilityState === "hidden") return;
    const held = known.incident;
    this.looks += 1; // On a line that hangs they must not take every connection the browser has for this centre.
    try {
      const query = held && held.version !== NOT_HELD ? `?incident=${held.id}&version=${held.version}${held.hazards_mark ? `&hazards=${held.hazards_mark}` : ""}` : "";
      const now = await read<FieldNow>(`/api/field/now${query}`);
      this.set({ isOnline: true, heard_ms: Date.now() });
      const incident = now.incident && "view" in now.incident ? now.incident : now.incident ? held : null;
      // Sent again to the same incident it is a new sending, though the phone never saw that the one before was taken back.
      const unit_id = now.unit?.id ?? "";
      const isSentAgain = sendingOf(incident, unit_id)?.ordinal !== sendingOf(held, unit_id)?.ordinal;
      if (incident && (incident.id !== held?.id || isSentAgain)) this.onNewIncident(incident);
      if (this.state.known?.account_id !== known.account_id) return; // Signed out, or another officer meanwhile.
      await this.know({ ...known, unit: now.unit, incident, as_of: now.now });
      if (now.unit) this.startWatching();
      else this.stopWatching();
      void this.flush(); // Not waited for: a photo takes its time.
    } catch (error) {
      this.hear(error);
    } finally {
      this.looks -= 1;
    }
  }

  async logOn(unit: { id: string }, skills: string[]): Promise<void> {
    const known = this.state.known;
    if (!known) return;
    await new Command("POST", `/api/units/${unit.id}/log-on`, { crew: [known.account_id], skills }).send({ attempts: 2 });
    await this.look();
  }

  async logOff(): Promise<void> {
    const unit = this.state.known?.unit;
    if (!unit) return;
    await new Command("POST", `/api/units/${unit.id}/log-off`, {}).send({ attempts: 2 });
    await this.look();
  }

  /** Resolves when the report is safe on this phone; the centre hears of it as soon as there is a way. */
  async say(what: Pick<Report, "kind"> & Partial<Pick<Report, "stage" | "text" | "photo">>): Promise<void> {
    const known = this.state.known;
    if (!known?.unit) return;
    const fix = what.kind === "emergency" ? this.fix : null;
    const sending = what.kind === "stage" ? sendingOf(known.incident, known.unit.id) : null;
    const kept = this.outbox.add({
      key: newKey(),
      account_id: known.account_id,
      unit_id: known.unit.id,
      incident_id: known.incident?.id ?? null,
      incident_number: known.incident?.view.number ?? null,
      stage: null,
      ordinal: sending?.ordinal ?? null,
      assigned_at: sending?.assigned_at ?? null,
      text: null,
      photo: null,
      lon: fix?.lon ?? null,
      lat: fix?.lat ?? null,
      accuracy_m: fix?.accuracy_m ?? null,
      at: new Date().toISOString(),
      kept: null,
      refusal: null,
      ...what,
    });
    if (what.kind === "emergency") void this.flush();
    await kept;
    void this.flush();
  }

  async flush(): Promise<void> {
    const known = this.state.known;
    if (!known) return;
    const onEnd = (end: End, lane: string) => {
      if (end === "signed_out") this.leave();
      else if (end === "empty") void this.look();
      // A photo that did not get through says nothing of the line: words and looks may.
      else if (lane !== PHOTOS) this.set({ isOnline: false });
    };
    // After the session's end an emergency is tried on: the centre may take it from a crew that is still logged on.
    const isEnded = this.state.mode === "signed_out";
    await this.outbox.flush(known.account_id, onEnd, (report) => !isEnded || report.kind === "emergency");
  }

  private startWatching(): void {
    if (this.watch !== null || !("geolocation" in navigator)) return;
    this.watch = navigator.geolocation.watchPosition(
      ({ coords, timestamp }) => {
        this.fix = { lon: coords.longitude, lat: coords.latitude, accuracy_m: coords.accuracy, at_ms: timestamp };
      },
      () => undefined, // Refused or not found: the screen says since when no position was shared.
      { enableHighAccuracy: true, maximumAge: POSITION_EVERY_MS },
    );
  }

  private stopWatching(): void {
    if (this.watch !== null) navigator.geolocation.clearWatch(this.watch);
    this.watch = null;
    this.fix = null;
    this.set({ shared_ms: null });
  }

  private async share(): Promise<void> {
    const fix = this.fix;
    if (!fix || this.isSharing || this.state.mode !== "ready" || !this.state.isOnline) return;
    const age_s = Math.max(0, (Date.now() - fix.at_ms) / 1000);
    if (age_s > 3600) return;
    this.isSharing = true;
    try {
      await new Command("POST", "/api/field/position", { lon: fix.lon, lat: fix.lat, accuracy_m: fix.accuracy_m, age_s }).send({ attempts: 1 });
      this.set({ shared_ms: Date.now() });
    } catch (error) {
      this.hear(error);
    } finally {
      this.isSharing = false;
    }
  }

  private hear(error: unknown): void {
    if (error instanceof ApiError && error.status === 401 && error.code !== "http_error") this.leave();
    else if (error instanceof Unreachable || (error instanceof ApiError && error.status >= 500)) {
      this.set({ isOnline: false, ...(this.state.known ? {} : { mode: "unreachable" as const }) });
    }
  }

  /**
   * The session has ended: who called and what is told of people goes from this phone at once. The incident itself stays, and so does what
   * is not sent yet: it waits for its officer.
   */
  private leave(): void {
    const known = this.state.known;
    if (known?.incident && known.incident.version !== NOT_HELD) {
      const rest = { ...known, incident: withoutPeople(known.incident) };
      this.set({ known: rest });
      void remember(rest);
    }
    this.set({ mode: "signed_out", isOnline: true });
  }

  private async know(known: Remembered): Promise<void> {
    this.set({ known, mode: known.unit ? "ready" : "log_on" });
    await remember(known);
  }

  private set(change: Partial<PhoneState>): void {
    this.state = { ...this.state, ...change };
    for (const listener of [...this.listeners]) listener();
  }
}

function withoutPeople(incident: FieldIncident): FieldIncident {
  const { access: _, ...rest } = incident;
  return { ...rest, version: NOT_HELD, sealed: { caller_name: null, caller_phone: null, address: null }, notes: [] };
}

export type { UnitView };
