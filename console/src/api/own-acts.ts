/**
 * Keeps one's own acts from conflicting with each other. Acts on one record are sent one after another, and one that was decided on
 * what was seen before one's own last act names the version which that act made: the live picture may still be on its way.
 *
 * Must not name a version that anybody else had a part in: only steps known to be one's own from end to end are taken, so that what
 * somebody changed in between is still refused as the server refuses it.
 */

/** One's own acts took a record from the one version to the other, and nobody else did anything between. */
interface Step {
  from: number;
  to: number;
}

/** More than anybody does before the picture is there. */
const MOST_RECORDS = 200;

/** Acts that name the version of the record in their path and answer the one they made. Every other path is left alone. */
const NAMING = [
  /^\/api\/incidents\/([^/]+)\/(?:assignments\/[^/]+\/(?:stages|withdrawal)|backup|backup\/withdrawal|changes|close|contact-rules|corrections)$/,
  /^\/api\/incidents\/([^/]+)\/(?:dispatches|diversions|finished-sendings|finished-sendings\/\d+\/strike|hold|owner|release|swaps)$/,
  /^\/api\/units\/([^/]+)\/(?:loan|return|status)$/,
];
/** It names no version, and moves its incident on by exactly one. */
const ADDING = /^\/api\/incidents\/([^/]+)\/notes$/;

interface Answer {
  version?: unknown;
  /** Units that the act moved on too, each by exactly one. */
  unit_versions?: Record<string, unknown>;
}

/** The record that the act is about, or null when it takes no turns. */
export function recordOf(path: string): string | null {
  for (const pattern of [...NAMING, ADDING]) {
    const record = pattern.exec(path)?.[1];
    if (record !== undefined) return record;
  }
  return null;
}

export class OwnActs {
  private readonly steps = new Map<string, Step>();
  private readonly turns = new Map<string, Promise<unknown>>();

  /** Sends once the acts before it on the same record have their answers, whatever these are. */
  inTurn<T>(record: string, send: () => Promise<T>): Promise<T> {
    const before = this.turns.get(record);
    const mine = before ? before.then(send) : send();
    const ended = mine.then(
      () => undefined,
      () => undefined,
    );
    this.turns.set(record, ended);
    void ended.then(() => this.turns.get(record) === ended && this.turns.delete(record));
    return mine;
  }

  /** The version to name by whoever saw `seen`. */
  after(record: string, seen: number): number {
    const step = this.steps.get(record);
    return step && step.from <= seen && seen < step.to ? step.to : seen;
  }

  /** The body as it is to be sent: with the version that one's own acts made of the one seen. */
  named(record: string, body: unknown): unknown {
    const seen = versionIn(body);
    return seen === null ? body : { ...(body as object), version: this.after(record, seen) };
  }

  /** What the answer to an act says of the versions it made. `sent` is the body as it was sent. */
  learn(path: string, sent: unknown, answer: unknown): void {
    const record = recordOf(path);
    if (record === null || typeof answer !== "object" || answer === null) return;
    const { version, unit_versions } = answer as Answer;
    if (typeof version === "number") {
      const seen = ADDING.test(path) ? version - 1 : versionIn(sent);
      if (seen !== null) this.took(record, seen, version);
    }
    for (const [unit, made] of Object.entries(unit_versions ?? {})) if (typeof made === "number") this.took(unit, made - 1, made);
  }

  /** Nothing of a session outlives it. */
  clear(): void {
    this.steps.clear();
  }

  private took(record: string, from: number, to: number): void {
    const before = this.steps.get(record);
    if (before && to <= before.to) return; // The answer of an act that was sent again.
    this.steps.delete(record);
    this.steps.set(record, { from: before?.to === from ? before.from : from, to });
    if (this.steps.size <= MOST_RECORDS) return;
    for (const oldest of this.steps.keys()) {
      this.steps.delete(oldest);
      return;
    }
  }
}

function versionIn(body: unknown): number | null {
  const version = (body as { version?: unknown } | null | undefined)?.version;
  return typeof version === "number" ? version : null;
}

/** Of this tab. */
export const ownActs = new OwnActs();
