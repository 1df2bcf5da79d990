/**
 * What the phone has to say and has not said yet. Reports wait in their order, an emergency goes first; each keeps one key for its whole
 * life, so that sending it again is the same report. Nothing leaves this list but by an answer of the centre or by the officer's hand.
 */
import type { Kept } from "./types";

export type ReportKind = "stage" | "note" | "photo" | "emergency";

export interface Report {
  key: string;
  account_id: string;
  unit_id: string;
  kind: ReportKind;
  incident_id: string | null;
  incident_number: string | null;
  stage: string | null;
  text: string | null;
  photo: Blob | null;
  lon: number | null;
  lat: number | null;
  accuracy_m: number | null;
  /** By this phone's clock; the centre works out the age from the clock it is sent with. */
  at: string;
  /** Set when the centre has answered. */
  kept: Kept | null;
  refusal: string | null;
}

/** Where reports outlive the page. */
export interface ReportStore {
  all(): Promise<Report[]>;
  put(report: Report): Promise<void>;
  remove(key: string): Promise<void>;
}

export type Sent =
  | { kind: "kept"; kept: Kept }
  | { kind: "refused"; message: string }
  | { kind: "later" }
  | { kind: "signed_out" };

export type SendReport = (report: Report) => Promise<Sent>;

const KEEP_SENT = 20; // what the officer may still look at

export class Outbox {
  private reports: Report[] = [];
  private sending: Promise<Sent["kind"] | "empty"> | null = null;
  private readonly listeners = new Set<() => void>();

  constructor(
    private readonly store: ReportStore,
    private readonly send: SendReport,
  ) {}

  async open(): Promise<void> {
    const found = await this.store.all();
    this.reports = found.sort((a, b) => a.at.localeCompare(b.at));
    this.tell();
  }

  readonly subscribe = (listener: () => void): (() => void) => {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  };

  /** The same array until something changes. */
  get list(): readonly Report[] {
    return this.reports;
  }

  unsent(account_id: string): Report[] {
    const waiting = this.reports.filter((report) => isUnsent(report) && report.account_id === account_id);
    return [...waiting.filter((report) => report.kind === "emergency"), ...waiting.filter((report) => report.kind !== "emergency")];
  }

  /** Resolves when the report is on the disk of the phone: only then may the screen say that it is kept. */
  async add(report: Report): Promise<void> {
    await this.store.put(report);
    this.reports = [...this.reports, report];
    this.tell();
  }

  async dismiss(key: string): Promise<void> {
    await this.store.remove(key);
    this.reports = this.reports.filter((report) => report.key !== key);
    this.tell();
  }

  /** Send what waits, one after the other; stops at the first that must wait. Two calls at once are one. */
  flush(account_id: string): Promise<Sent["kind"] | "empty"> {
    this.sending ??= this.sendAll(account_id).finally(() => {
      this.sending = null;
    });
    return this.sending;
  }

  private async sendAll(account_id: string): Promise<Sent["kind"] | "empty"> {
    for (;;) {
      const next = this.unsent(account_id)[0];
      if (!next) return "empty";
      const sent = await this.send(next);
      if (sent.kind === "later" || sent.kind === "signed_out") return sent.kind;
      await this.settle(next, sent);
    }
  }

  private async settle(report: Report, sent: Sent & { kind: "kept" | "refused" }): Promise<void> {
    // What was said is at the centre now: the words and the photo need not stay on a phone that may be lost.
    const settled: Report =
      sent.kind === "kept"
        ? { ...report, text: null, photo: null, kept: sent.kept, refusal: null }
        : { ...report, refusal: sent.message };
    await this.store.put(settled);
    this.reports = this.reports.map((one) => (one.key === report.key ? settled : one));
    const old = this.reports.filter((one) => one.kept !== null).slice(0, -KEEP_SENT);
    for (const one of old) await this.store.remove(one.key);
    this.reports = this.reports.filter((one) => !old.includes(one));
    this.tell();
  }

  private tell(): void {
    for (const listener of [...this.listeners]) listener();
  }
}

export function isUnsent(report: Report): boolean {
  return report.kept === null && report.refusal === null;
}
