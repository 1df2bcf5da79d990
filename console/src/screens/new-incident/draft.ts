/**
 * The form as far as it is filled in. Each field is saved on the server, sealed, a moment after it was typed; in the browser it stands
 * in memory only and goes with the tab or the session. So a dead browser loses nothing and leaves nothing behind.
 */
import { ApiError, Command, newKey, read } from "../../api/client";
import type { CallDraft } from "../../api/calls";
import { session } from "../../session";
import { EMPTY, isEmpty, pack, unpack, type Fields } from "./fields";

const SAVE_AFTER_MS = 300;
const RETRY_MS = 3_000;
const SAVE_WITHIN_MS = 5_000; // Opening the incident waits for the save under way: no longer than a person would.

export type Saved = { kind: "empty" } | { kind: "saving" } | { kind: "saved"; at_ms: number } | { kind: "offline" } | { kind: "refused"; error: ApiError };

export interface DraftState {
  id: string;
  fields: Fields;
  saved: Saved;
  /** The server holds this form, so looks at its place may name it. */
  isKept: boolean;
  /** Other calls that were begun and not opened. */
  others: readonly CallDraft[];
}

class Draft {
  private state: DraftState = Draft.blank();
  private readonly listeners = new Set<() => void>();
  private dirty = new Set<keyof Fields>();
  private timer: ReturnType<typeof setTimeout> | null = null;
  private sending: Promise<void> | null = null;
  private hasLooked = false;

  private static blank(): DraftState {
    return { id: newKey(), fields: EMPTY, saved: { kind: "empty" }, isKept: false, others: [] };
  }

  readonly subscribe = (listener: () => void): (() => void) => {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  };

  readonly get = (): DraftState => this.state;

  set(change: Partial<Fields>): void {
    for (const name of Object.keys(change) as (keyof Fields)[]) this.dirty.add(name);
    this.show({ fields: { ...this.state.fields, ...change }, saved: { kind: "saving" } });
    this.soon(SAVE_AFTER_MS);
  }

  /** Brings the newest unfinished call back once after the page was loaded, unless something is typed already. */
  async look(): Promise<void> {
    if (this.hasLooked) return;
    this.hasLooked = true;
    try {
      const { items } = await read<{ items: CallDraft[] }>("/api/call-drafts");
      const begun = items.filter((one) => !isEmpty(unpack(one.fields)));
      const [newest, ...rest] = begun;
      if (newest && isEmpty(this.state.fields)) this.take(newest, rest);
      else this.show({ others: begun.filter((one) => one.id !== this.state.id) });
    } catch {
      this.hasLooked = false; // Asked again when the form is next opened.
    }
  }

  resume(other: CallDraft): void {
    const rest = this.state.others.filter((one) => one.id !== other.id);
    this.park();
    this.take(other, [...this.parked(), ...rest]);
  }

  /** Puts this call aside, saved, and begins another. */
  startAnother(): void {
    if (isEmpty(this.state.fields)) return this.dropChannel();
    this.park();
    const others = [...this.parked(), ...this.state.others];
    this.state = { ...Draft.blank(), others };
    this.show({});
  }

  /** Begins another call, and answers with its id: with what is known of it, whatever stands on the form. The same once more goes on with it. */
  startWith(known: Pick<Fields, "note"> & Partial<Fields>): string {
    if (this.state.fields.note !== known.note || this.state.fields.incident_id !== "") {
      this.startAnother();
      this.set(known);
    }
    return this.state.id;
  }

  /** The form is left: what is typed is saved. */
  leave(): void {
    if (isEmpty(this.state.fields)) this.dropChannel();
    else void this.flush();
  }

  /** A channel that was chosen for no call is not that of the next one. */
  private dropChannel(): void {
    if (this.state.fields.channel !== EMPTY.channel) this.discard();
  }

  /** The form became a call, and the server took the draft away in the same act. */
  consumed(): void {
    this.forget();
  }

  /** The incident is open; what is typed from now on is kept under a draft of its own. */
  goOn(incident_id: string, incident_number: string): void {
    this.dirty = new Set(Object.keys(EMPTY) as (keyof Fields)[]);
    // What was typed so far stands on the incident; the fields are free for what comes now.
    const fields = { ...this.state.fields, incident_id, incident_number, note: "", caller_name: "", caller_phone: "", address: "" };
    this.show({ id: newKey(), fields, isKept: false, saved: { kind: "saving" } });
    this.soon(0);
  }

  discard(): void {
    const { id, isKept } = this.state;
    this.forget();
    if (isKept) void new Command("DELETE", `/api/call-drafts/${id}`, undefined).send().catch(() => undefined); // It ends by itself in a day.
  }

  /** Saves what is not saved yet, at once. */
  async flush(): Promise<void> {
    if (this.timer !== null) clearTimeout(this.timer);
    this.timer = null;
    while (this.sending) await this.sending;
    if (this.dirty.size === 0) return;
    this.sending = this.save();
    await this.sending;
  }

  /** Forgets everything, as at the end of a session. */
  clear(): void {
    this.hasLooked = false;
    this.state = { ...Draft.blank() };
    this.forget();
  }

  private async save(): Promise<void> {
    const { id, fields } = this.state;
    const names = [...this.dirty];
    this.dirty.clear();
    try {
      await new Command("PUT", `/api/call-drafts/${id}`, { fields: pack(fields, names) }).send({ attempts: 1, within_ms: SAVE_WITHIN_MS });
      if (this.state.id === id) this.show({ isKept: true, saved: this.dirty.size > 0 ? { kind: "saving" } : { kind: "saved", at_ms: session.store.time.now_ms() } });
    } catch (error) {
      if (this.state.id !== id) return;
      for (const name of names) this.dirty.add(name);
      const isRefused = error instanceof ApiError && error.status < 500 && error.status !== 429;
      this.show({ saved: isRefused ? { kind: "refused", error } : { kind: "offline" } });
      if (!isRefused) this.soon(RETRY_MS);
    } finally {
      this.sending = null;
    }
  }

  private take(kept: CallDraft, others: readonly CallDraft[]): void {
    this.dirty.clear();
    this.show({ id: kept.id, fields: unpack(kept.fields), saved: { kind: "saved", at_ms: Date.parse(kept.saved_at) }, isKept: true, others });
  }

  /** Sends what is not saved yet of this call under its own id, before another one takes the form. */
  private park(): void {
    if (this.timer !== null) clearTimeout(this.timer);
    this.timer = null;
    const { id, fields } = this.state;
    const unsaved = pack(fields, this.dirty);
    this.dirty.clear();
    if (Object.keys(unsaved).length > 0) void new Command("PUT", `/api/call-drafts/${id}`, { fields: unsaved }).send().catch(() => undefined); // What was saved before stands.
  }

  private parked(): CallDraft[] {
    const { id, fields } = this.state;
    if (isEmpty(fields)) return [];
    const kept = Object.entries(pack(fields, Object.keys(EMPTY) as (keyof Fields)[])).filter((entry): entry is [string, string] => entry[1] !== null);
    const now = new Date(session.store.time.now_ms()).toISOString();
    return [{ id, started_at: now, saved_at: now, fields: Object.fromEntries(kept) }];
  }

  private forget(): void {
    if (this.timer !== null) clearTimeout(this.timer);
    this.timer = null;
    this.dirty.clear();
    const { others } = this.state;
    this.state = { ...Draft.blank(), others };
    this.show({});
  }

  private soon(ms: number): void {
    if (this.timer !== null) clearTimeout(this.timer);
    this.timer = setTimeout(() => {
      this.timer = null;
      void this.flush();
    }, ms);
  }

  private show(change: Partial<DraftState>): void {
    this.state = { ...this.state, ...change };
    for (const listener of [...this.listeners]) listener();
  }
}

export const draft = new Draft();
session.whenLeaving(() => draft.clear());
