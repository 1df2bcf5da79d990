/**
 * The live picture a browser tab holds: open incidents, units, alarms, last positions and the cursor. Framework-free.
 * Knows nothing of HTTP, tabs or React; whoever feeds it frames learns from the verdict whether a new snapshot is needed.
 */
import type { AlarmView, EventsFrame, IncidentView, Position, Presence, ReplayClock, Snapshot, UnitView, WireEvent } from "../api/types";
import { applyEvent, freshEvents, judgeFrame, type Aggregate, type Verdict } from "./apply";
import { ServerTime } from "./time";

export type Topic = "incidents" | "units" | "alarms" | "positions" | "presence" | "clock" | "link";

export type LinkState =
  | { kind: "connecting" }
  | { kind: "live"; lag_s: number | null }
  | { kind: "offline"; since_ms: number }
  | { kind: "ended" };

/** What changed since the last call; `reset` says everything may have. */
export interface ChangeSet {
  reset: boolean;
  incidents: Set<string>;
  units: Set<string>;
  positions: Set<string>;
}

/** An open card needs the last few; a shift of twelve hours must not fill the memory. */
const MOST_LAST_EVENTS = 2_000;

type Later = (run: () => void) => void;

/** Positions come in floods and nobody reads four numbers a second; everything else is shown in the next painted frame. */
const POSITIONS_EVERY_MS = 250;

const nextFrame: Later = (run) => {
  if (typeof requestAnimationFrame === "function" && !document.hidden) requestAnimationFrame(run);
  else setTimeout(run, 16);
};

export class LiveStore {
  readonly incidents = new Map<string, IncidentView>();
  readonly units = new Map<string, UnitView>();
  readonly alarms = new Map<string, AlarmView>();
  readonly positions = new Map<string, Position>();
  /** The desks that are there, by account, with the incident each has open. */
  readonly presence = new Map<string, string | null>();
  readonly time = new ServerTime();
  seq = -1;
  clock: ReplayClock | null = null;
  link: LinkState = { kind: "connecting" };
  /** The last event seen of each incident, so that an open card knows when its notes or its timeline are behind. */
  readonly lastEvents = new Map<string, WireEvent>();

  private readonly versions: Record<Topic, number> = { incidents: 0, units: 0, alarms: 0, positions: 0, presence: 0, clock: 0, link: 0 };
  private readonly listeners: Record<Topic, Set<() => void>> = {
    incidents: new Set(), units: new Set(), alarms: new Set(), positions: new Set(), presence: new Set(), clock: new Set(), link: new Set(),
  };
  private readonly changeListeners = new Set<(changes: ChangeSet) => void>();
  private readonly due = new Set<Topic>();

  constructor(private readonly later: Later = nextFrame) {}

  get hasSnapshot(): boolean {
    return this.seq >= 0;
  }

  load(snapshot: Snapshot): void {
    refill(this.incidents, snapshot.incidents);
    refill(this.units, snapshot.units);
    refill(this.alarms, snapshot.alarms);
    this.positions.clear();
    for (const position of snapshot.positions) this.positions.set(position.unit_id, position);
    this.lastEvents.clear();
    this.presence.clear();
    this.applyPresence(snapshot.presence);
    this.seq = snapshot.seq;
    this.setClock(snapshot.clock);
    this.tellChanges({ reset: true, incidents: new Set(), units: new Set(), positions: new Set() });
    this.touch("incidents", "units", "alarms", "positions");
  }

  /** Applies the frame, or says why not. After "gap" the picture is behind and wants a new snapshot. */
  applyEvents(frame: EventsFrame): Verdict {
    const verdict = judgeFrame(this.seq, frame);
    if (verdict !== "apply") return verdict;
    const changes: ChangeSet = { reset: false, incidents: new Set(), units: new Set(), positions: new Set() };
    let hasAlarms = false;
    for (const event of freshEvents(this.seq, frame)) {
      if (event.kind === "incident") {
        put(this.incidents, event);
        changes.incidents.add(event.id);
        this.remember(event);
      } else if (event.kind === "unit") {
        put(this.units, event);
        if (event.op === "gone" && this.positions.delete(event.id)) changes.positions.add(event.id);
        changes.units.add(event.id);
      } else if (event.kind === "alarm") {
        put(this.alarms, event);
        hasAlarms = true;
      }
    }
    this.seq = frame.seq;
    if (changes.incidents.size > 0) this.touch("incidents");
    if (changes.units.size > 0) this.touch("units");
    if (hasAlarms) this.touch("alarms");
    if (changes.positions.size > 0) this.touch("positions");
    if (changes.incidents.size + changes.units.size > 0) this.tellChanges(changes);
    return "apply";
  }

  /** An older fix never replaces a newer one; the position of a unit that is not held is dropped. */
  applyPositions(positions: readonly Position[]): void {
    const changed = new Set<string>();
    for (const position of positions) {
      const held = this.positions.get(position.unit_id);
      if (!this.units.has(position.unit_id)) continue;
      if (held && Date.parse(held.fix_at) > Date.parse(position.fix_at)) continue;
      this.positions.set(position.unit_id, position);
      changed.add(position.unit_id);
    }
    if (changed.size === 0) return;
    this.touch("positions");
    this.tellChanges({ reset: false, incidents: new Set(), units: new Set(), positions: changed });
  }

  applyPresence(items: readonly Presence[]): void {
    for (const item of items) {
      if (item.here) this.presence.set(item.account_id, item.incident_id);
      else this.presence.delete(item.account_id);
    }
    this.touch("presence");
  }

  setClock(clock: ReplayClock | null): void {
    this.clock = clock;
    this.time.setReplay(clock);
    this.touch("clock");
  }

  setLink(link: LinkState): void {
    const same = link.kind === this.link.kind && JSON.stringify(link) === JSON.stringify(this.link);
    if (same) return;
    this.link = link;
    this.touch("link");
  }

  /** Forgets everything: nothing of a session outlives it. */
  clear(): void {
    this.incidents.clear();
    this.units.clear();
    this.alarms.clear();
    this.positions.clear();
    this.presence.clear();
    this.touch("presence");
    this.lastEvents.clear();
    this.seq = -1;
    this.setClock(null);
    this.tellChanges({ reset: true, incidents: new Set(), units: new Set(), positions: new Set() });
    this.touch("incidents", "units", "alarms", "positions");
  }

  subscribe(topic: Topic, listener: () => void): () => void {
    this.listeners[topic].add(listener);
    return () => this.listeners[topic].delete(listener);
  }

  /** Called at once for each change, not batched: the listener gathers and draws at its own rate. */
  onChanges(listener: (changes: ChangeSet) => void): () => void {
    this.changeListeners.add(listener);
    return () => this.changeListeners.delete(listener);
  }

  /** Rises with each change of the topic: the key for anything derived from it. */
  version(topic: Topic): number {
    return this.versions[topic];
  }

  private remember(event: WireEvent): void {
    this.lastEvents.delete(event.id);
    this.lastEvents.set(event.id, event);
    if (this.lastEvents.size <= MOST_LAST_EVENTS) return;
    for (const oldest of this.lastEvents.keys()) {
      this.lastEvents.delete(oldest);
      return;
    }
  }

  private tellChanges(changes: ChangeSet): void {
    for (const listener of this.changeListeners) listener(changes);
  }

  private touch(...topics: Topic[]): void {
    for (const topic of topics) {
      this.versions[topic] += 1;
      if (this.due.has(topic)) continue;
      this.due.add(topic);
      const tell = () => {
        this.due.delete(topic);
        for (const listener of [...this.listeners[topic]]) listener();
      };
      if (topic === "positions") setTimeout(tell, POSITIONS_EVERY_MS);
      else this.later(tell);
    }
  }
}

function refill<T extends Aggregate>(held: Map<string, T>, values: readonly T[]): void {
  held.clear();
  for (const value of values) held.set(value.id, value);
}

function put<T extends Aggregate>(held: Map<string, T>, event: WireEvent): void {
  const next = applyEvent(held.get(event.id), event);
  if (next === undefined) held.delete(event.id);
  else held.set(event.id, next);
}
