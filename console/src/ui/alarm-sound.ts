/**
 * Plays one looped pattern at a time through WebAudio, so that no timer of a hidden tab is needed. One tab of a browser plays: the one
 * that holds a lock, which only a tab may ask for whose sound the browser allows. Where it does not, that is said, never kept quiet.
 */
import type { Sound } from "../live/sounding";

export type Output = "playing" | "silent" | "blocked" | "elsewhere";

interface Note {
  at_s: number;
  lasts_s: number;
  pitch_hz: number;
}

/** Told apart with closed eyes: a siren without a pause, three quick tones, one soft tone now and then. */
const PATTERNS: Record<Sound, { length_s: number; volume: number; notes: readonly Note[] }> = {
  emergency: { length_s: 1, volume: 0.5, notes: [{ at_s: 0, lasts_s: 0.5, pitch_hz: 960 }, { at_s: 0.5, lasts_s: 0.5, pitch_hz: 720 }] },
  escalated: { length_s: 2.5, volume: 0.35, notes: [0, 0.25, 0.5].map((at_s) => ({ at_s, lasts_s: 0.15, pitch_hz: 660 })) },
  routine: { length_s: 6, volume: 0.25, notes: [{ at_s: 0, lasts_s: 0.3, pitch_hz: 440 }] },
};
const RATE_HZ = 22_050;
const EDGE_S = 0.01; // a tone that begins and ends softly does not click
const BEAT_EVERY_MS = 1_000;
const ELSEWHERE_FOR_MS = 3_500;

export class AlarmSound {
  output: Output = "silent";
  private audio: AudioContext | null = null;
  private source: AudioBufferSourceNode | null = null;
  private playing: Sound | null = null;
  private wanted: Sound | null = null;
  private hasLock = false;
  private heardElsewhere_ms = 0;
  private readonly stopped = new AbortController();
  private readonly channel: BroadcastChannel | null;
  private readonly beat: ReturnType<typeof setInterval>;
  private readonly listeners = new Set<() => void>();

  constructor(private readonly name: string) {
    this.channel = navigator.locks ? new BroadcastChannel(name) : null;
    if (this.channel) this.channel.onmessage = () => (this.heardElsewhere_ms = Date.now());
    // Not when the finger goes down: the band that asks for sound would go, and what is pressed would move away under it.
    for (const gesture of ["keydown", "click"]) {
      document.addEventListener(gesture, this.unlock, { capture: true, signal: this.stopped.signal });
    }
    if (navigator.userActivation?.hasBeenActive) this.unlock();
    this.beat = setInterval(() => {
      if (this.hasLock) this.channel?.postMessage("here");
      this.settle();
    }, BEAT_EVERY_MS);
    this.settle();
  }

  readonly subscribe = (listener: () => void): (() => void) => {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  };

  readonly current = (): Output => this.output;

  want(sound: Sound | null): void {
    this.wanted = sound;
    this.settle();
  }

  /** Plays a pattern once, whatever else is to be heard, so that a person knows the loudspeaker works. */
  test(sound: Sound): void {
    this.unlock();
    if (this.audio) this.start(sound, false);
  }

  stop(): void {
    this.stopped.abort();
    clearInterval(this.beat);
    this.source?.stop();
    this.channel?.close();
    // Whoever signs out stops it twice: the session ends, and the bar goes.
    if (this.audio?.state !== "closed") void this.audio?.close();
  }

  private readonly unlock = (): void => {
    if (this.stopped.signal.aborted) return;
    try {
      this.audio ??= new AudioContext();
    } catch {
      return; // No sound device: "blocked" goes on being shown.
    }
    if (this.audio.state === "running" && this.hasLock) return;
    void this.audio.resume().then(() => {
      if (this.hasLock) return this.settle();
      if (!navigator.locks) {
        this.hasLock = true;
        return this.settle();
      }
      const held = new Promise<void>((resolve) => this.stopped.signal.addEventListener("abort", () => resolve()));
      navigator.locks
        .request(this.name, { signal: this.stopped.signal }, () => {
          this.hasLock = true;
          this.settle();
          return held;
        })
        .catch(() => undefined); // Aborted with the session.
    }, () => undefined);
  };

  private settle(): void {
    const canPlay = this.hasLock && this.audio?.state === "running";
    const isElsewhere = !this.hasLock && Date.now() - this.heardElsewhere_ms < ELSEWHERE_FOR_MS;
    const loop = canPlay ? this.wanted : null;
    if (loop !== this.playing) {
      this.source?.stop();
      this.source = null;
      this.playing = loop;
      if (loop) this.source = this.start(loop, true);
    }
    const output: Output = isElsewhere ? "elsewhere" : !canPlay ? "blocked" : loop ? "playing" : "silent";
    if (output === this.output) return;
    this.output = output;
    for (const listener of [...this.listeners]) listener();
  }

  private start(sound: Sound, loop: boolean): AudioBufferSourceNode | null {
    if (!this.audio) return null;
    const source = this.audio.createBufferSource();
    source.buffer = bufferOf(this.audio, sound);
    source.loop = loop;
    source.connect(this.audio.destination);
    source.start();
    return source;
  }
}

function bufferOf(audio: AudioContext, sound: Sound): AudioBuffer {
  const { length_s, volume, notes } = PATTERNS[sound];
  const buffer = audio.createBuffer(1, Math.round(length_s * RATE_HZ), RATE_HZ);
  const samples = buffer.getChannelData(0);
  for (const { at_s, lasts_s, pitch_hz } of notes) {
    const [from, count] = [Math.round(at_s * RATE_HZ), Math.round(lasts_s * RATE_HZ)];
    for (let i = 0; i < count && from + i < samples.length; i += 1) {
      const edge = Math.min(1, i / (EDGE_S * RATE_HZ), (count - i) / (EDGE_S * RATE_HZ));
      samples[from + i] = volume * edge * Math.sin((2 * Math.PI * pitch_hz * i) / RATE_HZ);
    }
  }
  return buffer;
}
