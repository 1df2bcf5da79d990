/** Reads server-sent events from chunks of text. Keeps to the WHATWG grammar as far as our server uses it; no network here. */

export interface ServerSentEvent {
  event: string;
  data: string;
  id: string | null;
}

export class SseParser {
  private rest = "";
  private event = "";
  private data: string[] = [];
  private id: string | null = null;

  /** The events completed by this chunk, in order. Comments complete nothing. */
  push(chunk: string): ServerSentEvent[] {
    this.rest += chunk;
    const events: ServerSentEvent[] = [];
    let start = 0;
    for (;;) {
      const end = this.rest.indexOf("\n", start);
      if (end < 0) break;
      const line = this.rest.slice(start, this.rest[end - 1] === "\r" ? end - 1 : end);
      start = end + 1;
      const done = this.line(line);
      if (done) events.push(done);
    }
    this.rest = this.rest.slice(start);
    return events;
  }

  private line(line: string): ServerSentEvent | null {
    if (line === "") {
      const event = { event: this.event || "message", data: this.data.join("\n"), id: this.id };
      const isEmpty = this.data.length === 0;
      this.event = "";
      this.data = [];
      this.id = null;
      return isEmpty ? null : event;
    }
    const colon = line.indexOf(":");
    if (colon === 0) return null;
    const field = colon < 0 ? line : line.slice(0, colon);
    const value = colon < 0 ? "" : line.slice(colon + 1).replace(/^ /, "");
    if (field === "event") this.event = value;
    else if (field === "data") this.data.push(value);
    else if (field === "id") this.id = value;
    return null;
  }
}
