/**
 * The two doors to the server's live picture: the snapshot and the stream. Turns HTTP into values; decides nothing.
 */
import type { EndFrame, EventsFrame, PositionsFrame, PresenceFrame, ReplayClock, Snapshot } from "../api/types";
import { SseParser } from "./sse";

export type Frame =
  | { name: "events"; data: EventsFrame }
  | { name: "positions"; data: PositionsFrame }
  | { name: "presence"; data: PresenceFrame }
  | { name: "clock"; data: ReplayClock | null }
  | { name: "end"; data: EndFrame };

/** Why a snapshot or stream is not there: the HTTP status, or 0 when the server was not reached. */
export class SourceError extends Error {
  constructor(readonly status: number) {
    super(`live source: status ${status}`);
  }
}

export interface TimedSnapshot {
  snapshot: Snapshot;
  sent_ms: number;
  got_ms: number;
}

export interface Source {
  snapshot(signal: AbortSignal): Promise<TimedSnapshot>;
  /** Frames after `cursor`; `heard` is called for every byte that comes, keep-alive comments included. */
  stream(cursor: number, signal: AbortSignal, heard: () => void): AsyncGenerator<Frame>;
}

/** The server sends a comment every 15 s; twice that and a bit without a byte means the line is dead. */
const SILENCE_MS = 35_000;

const KNOWN = new Set(["events", "positions", "presence", "clock", "end"]);

export class HttpSource implements Source {
  constructor(private readonly base = "") {}

  async snapshot(signal: AbortSignal): Promise<TimedSnapshot> {
    const sent_ms = Date.now();
    const response = await this.open(`${this.base}/api/snapshot`, signal);
    const got_ms = Date.now();
    return { snapshot: (await response.json()) as Snapshot, sent_ms, got_ms };
  }

  async *stream(cursor: number, signal: AbortSignal, heard: () => void): AsyncGenerator<Frame> {
    const silence = new AbortController();
    const either = AbortSignal.any([signal, silence.signal]);
    let timer: ReturnType<typeof setTimeout> | undefined;
    const listen = () => {
      clearTimeout(timer);
      timer = setTimeout(() => silence.abort(new SourceError(0)), SILENCE_MS);
      heard();
    };
    try {
      const response = await this.open(`${this.base}/api/stream?after=${cursor}`, either, "text/event-stream");
      if (!response.body) throw new SourceError(0);
      listen();
      const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
      const parser = new SseParser();
      for (;;) {
        const { done, value } = await reader.read();
        if (done) return;
        listen();
        for (const event of parser.push(value)) {
          if (KNOWN.has(event.event)) yield { name: event.event, data: JSON.parse(event.data) } as Frame;
        }
      }
    } finally {
      clearTimeout(timer);
      silence.abort(new SourceError(0)); // Also ends the response when the reader of these frames stops early.
    }
  }

  private async open(url: string, signal: AbortSignal, accept = "application/json"): Promise<Response> {
    const response = await fetch(url, { signal, headers: { accept }, cache: "no-store" });
    if (!response.ok) throw new SourceError(response.status);
    return response;
  }
}
