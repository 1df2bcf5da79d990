/**
 * Talks to the server. Reads are plain; a command carries one Idempotency-Key for its whole life, so that a retry after a lost
 * answer is the same act and never a second one. Screens decide what to say; this file only says what happened.
 */
import { backoff_ms, pause } from "../live/backoff";
import { ownActs, recordOf } from "./own-acts";
import type { ErrorBody } from "./types";

export class ApiError extends Error {
  constructor(
    readonly status: number,
    readonly body: ErrorBody,
  ) {
    super(`${status} ${body.code}: ${body.message}`);
  }

  get code(): string {
    return this.body.code;
  }
}

/** The server was not reached, and trying again did not help. */
export class Unreachable extends Error {}

let onSignedOut: () => void = () => undefined;

/** Called whenever the server says that there is no session any more. */
export function whenSignedOut(listener: () => void): void {
  onSignedOut = listener;
}

/** A line that died without a word must not hold a desk: after so long an answer is taken for lost. The server gives an act up long before. */
const ANSWER_MS = 20_000;
const UPLOAD_MS = 120_000;

export async function read<T>(path: string, signal?: AbortSignal, within_ms = ANSWER_MS): Promise<T> {
  const response = await ask(path, { headers: { accept: "application/json" } }, signal, within_ms);
  if (!response) throw new Unreachable(path);
  return answer<T>(response, path);
}

/** A photo: it may take as long to come as one takes to go. */
export async function readFile(path: string): Promise<Blob> {
  const response = await ask(path, {}, undefined, UPLOAD_MS);
  if (!response) throw new Unreachable(path);
  return response.ok ? response.blob() : answer<Blob>(response, path);
}

export type Method = "POST" | "PUT" | "DELETE";

export interface CommandOptions {
  /** Told before each further attempt, so that the screen can say that nothing is lost but nothing is sent yet. */
  onRetry?: (attempt: number) => void;
  signal?: AbortSignal;
  attempts?: number;
  /** How long one attempt waits for its answer. */
  within_ms?: number;
}

const ATTEMPTS = 6; // About half a minute in all.

/** One act of a person. `send` may be called again after a failure: it is the same act under the same key. */
export class Command<T> {
  readonly key = newKey();
  /** What is sent, settled when its turn comes: one key has one body. */
  private said: { body: unknown } | null = null;

  constructor(
    readonly method: Method,
    readonly path: string,
    readonly body: unknown,
  ) {}

  async send(options: CommandOptions = {}): Promise<T> {
    const record = recordOf(this.path);
    if (record === null) return this.attempt(this.body, options);
    return ownActs.inTurn(record, async () => {
      this.said ??= { body: ownActs.named(record, this.body) };
      const answer = await this.attempt(this.said.body, options);
      ownActs.learn(this.path, this.said.body, answer);
      return answer;
    });
  }

  private async attempt(body: unknown, options: CommandOptions): Promise<T> {
    const attempts = options.attempts ?? ATTEMPTS;
    const signal = options.signal ?? new AbortController().signal;
    for (let attempt = 1; ; attempt += 1) {
      const response = await send(this.method, this.path, body, this.key, signal, options.within_ms);
      if (response && !isPassing(response.status)) return answer<T>(response, this.path);
      if (attempt >= attempts) {
        if (response) return answer<T>(response, this.path);
        throw new Unreachable(this.path);
      }
      options.onRetry?.(attempt);
      await pause(backoff_ms(attempt - 1), signal, globalThis.window);
    }
  }
}

/** Null when there was no answer: it may or may not have been done, which is why the key stays the same. */
function send(method: Method, path: string, body: unknown, key: string, signal: AbortSignal, within_ms?: number): Promise<Response | null> {
  const headers: Record<string, string> = { accept: "application/json", "idempotency-key": key };
  const isUpload = body instanceof Blob;
  if (body !== undefined) headers["content-type"] = isUpload ? "application/octet-stream" : "application/json";
  const content = body === undefined ? {} : { body: isUpload ? body : JSON.stringify(body) };
  return ask(path, { method, headers, ...content }, signal, within_ms ?? (isUpload ? UPLOAD_MS : ANSWER_MS));
}

/** The whole answer, or null when none came in time or it broke off half-way. Rejects only when the asker has gone. */
async function ask(path: string, init: RequestInit, asker: AbortSignal | undefined, within_ms: number): Promise<Response | null> {
  const late = AbortSignal.timeout(within_ms);
  try {
    const response = await fetch(path, { ...init, signal: asker ? AbortSignal.any([asker, late]) : late });
    const isEmpty = response.status === 204 || response.status === 304;
    const type = response.headers.get("content-type");
    const { status, statusText } = response;
    return new Response(isEmpty ? null : await response.arrayBuffer(), { status, statusText, ...(type && { headers: { "content-type": type } }) });
  } catch (error) {
    if (asker?.aborted) throw error;
    return null;
  }
}

/** The server, or what stands before it, says "not now". */
export function isPassing(status: number): boolean {
  return status === 429 || status === 502 || status === 503 || status === 504;
}

async function answer<T>(response: Response, path: string): Promise<T> {
  if (response.ok) return (response.status === 204 ? undefined : await response.json()) as T;
  const body = await errorBody(response);
  if (response.status === 401 && !path.startsWith("/api/session")) onSignedOut();
  throw new ApiError(response.status, body);
}

async function errorBody(response: Response): Promise<ErrorBody> {
  try {
    const body = (await response.json()) as Partial<ErrorBody>;
    if (typeof body.code === "string") return { message: "", ...body, code: body.code };
  } catch {
    // Not ours: a proxy's page. The status says what there is to say.
  }
  return { code: "http_error", message: response.statusText };
}

/** A UUID; crypto.randomUUID exists only where the page is served securely, getRandomValues everywhere. */
export function newKey(): string {
  if (typeof crypto.randomUUID === "function") return crypto.randomUUID();
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  bytes[6] = (bytes[6]! & 0x0f) | 0x40;
  bytes[8] = (bytes[8]! & 0x3f) | 0x80;
  const hex = Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
  return hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, "$1-$2-$3-$4-$5");
}
