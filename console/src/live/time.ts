/**
 * What time it is for the picture: the server's clock (a desk computer's may be minutes off), or a replay's where one runs.
 */
import type { ReplayClock } from "../api/types";

const REPLAY_SLACK_MS = 60_000; // Stated times of a replay may lead its clock by one step of the feeder.

export class ServerTime {
  private offset_ms = 0;
  private replay: { at_ms: number; speed: number; taken_ms: number } | null = null;

  constructor(private readonly localNow: () => number = () => Date.now()) {}

  /** The server said `at` in an answer to a request that lasted from `sent_ms` to `got_ms` on our clock. */
  learn(at: string, sent_ms: number, got_ms: number): void {
    const at_ms = Date.parse(at);
    if (Number.isFinite(at_ms)) this.offset_ms = at_ms - (sent_ms + got_ms) / 2;
  }

  setReplay(clock: ReplayClock | null): void {
    this.replay = clock ? { at_ms: Date.parse(clock.at), speed: clock.speed, taken_ms: this.localNow() } : null;
  }

  /** Milliseconds since 1970 on the server's clock. */
  now_ms(): number {
    return this.localNow() + this.offset_ms;
  }

  replayNow_ms(): number | null {
    if (!this.replay) return null;
    return this.replay.at_ms + (this.localNow() - this.replay.taken_ms) * this.replay.speed;
  }

  /** How long ago `at` was, on the clock it belongs to: a time of the replayed past is measured by the replay's clock. */
  age_s(at: string): number {
    const at_ms = Date.parse(at);
    const replay_ms = this.replayNow_ms();
    const isReplayed = replay_ms !== null && at_ms <= replay_ms + REPLAY_SLACK_MS;
    return Math.max(0, ((isReplayed ? replay_ms : this.now_ms()) - at_ms) / 1000);
  }
}
