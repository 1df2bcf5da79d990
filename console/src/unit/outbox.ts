/**
 * What the phone has to say and has not said yet. Words wait for words and photos for photos, in their order; an emergency waits for
 * nothing, not even for the phone's own disk. Each report keeps one key for its whole life, so that sending it again is the same report.
 * Nothing leaves this list but by an answer of the centre or by the officer's hand.
 */
import type { Kept, Why } from "./types";

export type ReportKind = "stage" | "note" | "photo" | "emergency";

export interface Report {
  key: string;
  account_id: string;
  unit_id: string;
  kind: ReportKind;
  incident_id: string | null;
  incident_number: string | null;
  stage: string | null;
  /** The sending of the unit that it was pressed for. What was kept by an older page names none. */
  ordinal?: number | null;
  assigned_at?: string | null;
  text: string | null;
  photo: Blob | null;
  lon: number | null;
  lat: number | null;
  accuracy_m: number | null;
  /** By this phone's clock; the centre works out the age from the clock it is sent with. */
  at: string;
  /** Set when the centre has answered. */
  kept: Kept | null;
  why?: Why | null;
  /** The number of the incident it was written to, when the one it was told of had been merged into that. */
  into?: string | null;
  refusal: string | null;
}

/** Where reports outlive the page. */
export interface ReportStore {
  all(): Promise<Report[]>;
  put(report: Report): Promise<void>;
  remove(key: string): Promise<void>;
}

export type Sent =
  | { kind: "kept"; kept: Kept; why?: Why | null; into?: string | null }
  | { kind: "refused"; message: string }
  | { kind: "later" }
  | { kind: "signed_out" };

export type SendReport = (report: Report) => Promise<Sent>;

/** What became of all that was sent: nothing waits any more, or why something does. */
export type End = "empty" | "later" | "signed_out";

export const PHOTOS = "photos"; // the lane that may take minutes
const KEEP_SENT = 20; // what the officer may still look at

export class Outbox {
  private reports: Report[] = [];
  private readonly lanes = new Map<string, Promise<End>>();
  private written: Promise<void> = Promise.resolve();
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

  /**
   * Resolves when the report is on the disk of the phone: only then may the screen say that it is kept. An emergency stands in the list at
   * once, as not sent, and can be sent while the disk is busy or full.
   */
  async add(report: Report): Promise<void> {
    if (report.kind !== "emergency") await this.write(report);
    this.reports = [...this.reports, report];
    this.tell();
    if (report.kind === "emergency") await this.write(report);
  }

  async dismiss(key: string): Promise<void> {
    await this.store.remove(key);
    this.reports = this.reports.filter((report) => report.key !== key);
    this.tell();
  }

  /**
   * Send what waits: each lane in its order and up to the first that must wait. A lane under way is not begun a second time; `onEnd` is
   * told how each lane ended that was begun here, as soon as it did. `which`: only these reports may begin one.
   */
  async flush(account_id: string, onEnd: (end: End, lane: string) => void = () => undefined, which: (report: Report) => boolean = () => true): Promise<End> {
    for (const lane of new Set(this.unsent(account_id).filter(which).map(laneOf))) {
      if (this.lanes.has(lane)) continue;
      const going = this.sendLane(account_id, lane);
      this.lanes.set(lane, going);
      void going.then((end) => onEnd(end, lane));
    }
    const ends = await Promise.all(this.lanes.values());
    return ends.find((end) => end === "signed_out") ?? ends.find((end) => end === "later") ?? "empty";
  }

  private async sendLane(account_id: string, lane: string): Promise<End> {
    try {
      for (;;) {
        const next = this.unsent(account_id).find((report) => laneOf(report) === lane);
        if (!next) return "empty";
        const sent = await this.send(next);
        if (sent.kind === "later" || sent.kind === "signed_out") return sent.kind;
        await this.settle(next, sent);
      }
    } finally {
      this.lanes.delete(lane);
    }
  }

  private async settle(report: Report, sent: Sent & { kind: "kept" | "refused" }): Promise<void> {
    // What was said is at the centre now: the words and the photo need not stay on a phone that may be lost.
    const settled: Report =
      sent.kind === "kept"
        ? { ...report, text: null, photo: null, kept: sent.kept, why: sent.why ?? null, into: sent.into ?? null, refusal: null }
        : { ...report, refusal: sent.message };
    const reports = this.reports.map((one) => (one.key === report.key ? settled : one));
    const old = reports.filter((one) => one.kept !== null).slice(0, -KEEP_SENT);
    this.reports = reports.filter((one) => !old.includes(one));
    this.tell();
    try {
      await this.write(settled);
      for (const one of old) await this.store.remove(one.key);
    } catch {
      // A disk that refuses: after a restart it is sent again under the same key, and the centre knows it.
    }
  }

  /** One write after the other: what a report has become never lies under what it was. */
  private write(report: Report): Promise<void> {
    const done = this.written.then(() => this.store.put(report));
    this.written = done.catch(() => undefined);
    return done;
  }

  private tell(): void {
    for (const listener of [...this.listeners]) listener();
  }
}

export function isUnsent(report: Report): boolean {
  return report.kept === null && report.refusal === null;
}

/** What a report waits for: others of its lane. Every emergency is a lane of its own. */
function laneOf(report: Report): string {
  return report.kind === "emergency" ? report.key : report.kind === "photo" ? PHOTOS : "words";
}
