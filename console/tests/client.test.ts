import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { ApiError, Command, newKey, read, readFile, Unreachable, whenSignedOut } from "../src/api/client";

const answer = (status: number, body: unknown) => new Response(JSON.stringify(body), { status });

describe("commands", () => {
  beforeEach(() => vi.useFakeTimers());
  afterEach(() => {
    vi.useRealTimers();
    vi.unstubAllGlobals();
  });
  const keysOf = (fetch: ReturnType<typeof vi.fn>) => fetch.mock.calls.map(([, init]) => ((init as RequestInit).headers as Record<string, string>)["idempotency-key"]);

  it("sends the same key again when the answer was lost, and gives the answer of the retry", async () => {
    const fetch = vi.fn().mockRejectedValueOnce(new TypeError("network")).mockResolvedValueOnce(answer(503, {})).mockResolvedValueOnce(answer(201, { id: "i" }));
    vi.stubGlobal("fetch", fetch);
    const attempts: number[] = [];
    const done = new Command<{ id: string }>("POST", "/api/incidents", { a: 1 }).send({ onRetry: (attempt) => attempts.push(attempt) });
    await vi.runAllTimersAsync();
    expect(await done).toEqual({ id: "i" });
    expect(new Set(keysOf(fetch)).size).toBe(1);
    expect(attempts).toEqual([1, 2]);
  });

  it("keeps its key when a person tries again after it gave up", async () => {
    const fetch = vi.fn().mockRejectedValue(new TypeError("network"));
    vi.stubGlobal("fetch", fetch);
    const act = new Command("POST", "/api/incidents", {});
    const first = act.send({ attempts: 2 }).catch((error: unknown) => error);
    await vi.runAllTimersAsync();
    expect(await first).toBeInstanceOf(Unreachable);
    const second = act.send({ attempts: 1 }).catch((error: unknown) => error);
    await vi.runAllTimersAsync();
    await second;
    expect(new Set(keysOf(fetch)).size).toBe(1);
  });

  it("does not repeat what the server refused", async () => {
    const fetch = vi.fn().mockResolvedValue(answer(409, { code: "version_conflict", message: "m", details: { by: "B" } }));
    vi.stubGlobal("fetch", fetch);
    const error = await new Command("POST", "/x", {}).send().catch((problem: unknown) => problem);
    expect(error).toBeInstanceOf(ApiError);
    expect((error as ApiError).code).toBe("version_conflict");
    expect(fetch).toHaveBeenCalledTimes(1);
  });

  it("takes an answer that does not come for lost, and sends the same act again", async () => {
    vi.useRealTimers();
    const silent = (_path: string, init: RequestInit) => new Promise((_, reject) => init.signal!.addEventListener("abort", () => reject(init.signal!.reason as Error)));
    const fetch = vi.fn().mockImplementationOnce(silent).mockResolvedValueOnce(answer(201, { id: "i" }));
    vi.stubGlobal("fetch", fetch);
    expect(await new Command("PUT", "/api/call-drafts/1", {}).send({ within_ms: 10 })).toEqual({ id: "i" });
    expect(new Set(keysOf(fetch)).size).toBe(1);
    fetch.mockImplementationOnce(silent);
    expect(await read("/api/places", undefined, 10).catch((problem: unknown) => problem)).toBeInstanceOf(Unreachable);
  });

  it("takes half an answer for none", async () => {
    const broken = new Response(new ReadableStream({ start: (body) => body.error(new TypeError("reset")) }), { status: 201 });
    const fetch = vi.fn().mockResolvedValueOnce(broken).mockResolvedValueOnce(answer(201, { id: "i" }));
    vi.stubGlobal("fetch", fetch);
    const done = new Command("POST", "/api/incidents", {}).send();
    await vi.runAllTimersAsync();
    expect(await done).toEqual({ id: "i" });
  });

  it("waits long for a photo, but not for ever, and says what kind of file came", async () => {
    const waits = vi.spyOn(AbortSignal, "timeout");
    vi.stubGlobal("fetch", vi.fn().mockResolvedValueOnce(new Response("jpeg", { headers: { "content-type": "image/jpeg" } })).mockRejectedValueOnce(new TypeError("late")));
    expect((await readFile("/api/incidents/1/attachments/2")).type).toBe("image/jpeg");
    expect(await readFile("/api/incidents/1/attachments/2").catch((problem: unknown) => problem)).toBeInstanceOf(Unreachable);
    expect(waits.mock.calls).toEqual([[120_000], [120_000]]);
  });

  it("reports the end of the session, and makes do with an answer that is not ours", async () => {
    const ended = vi.fn();
    whenSignedOut(ended);
    vi.stubGlobal("fetch", vi.fn().mockResolvedValue(new Response("<html>proxy</html>", { status: 401 })));
    const error = (await read("/api/me").catch((problem: unknown) => problem)) as ApiError;
    expect(error.code).toBe("http_error");
    expect(ended).toHaveBeenCalledTimes(1);
  });

  it("makes keys where crypto.randomUUID is missing", () => {
    vi.stubGlobal("crypto", { getRandomValues: (bytes: Uint8Array) => bytes.fill(7) });
    expect(newKey()).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-8[0-9a-f]{3}-[0-9a-f]{12}$|^[0-9a-f-]{36}$/);
  });
});
