import { afterEach, describe, expect, it, vi } from "vitest";
import type { Report } from "../src/unit/outbox";
import { sendReport } from "../src/unit/sending";

const NOTE: Report = {
  key: "k", account_id: "me", unit_id: "u", kind: "note", incident_id: "i", incident_number: "1", stage: null, text: "A note.", photo: null,
  lon: null, lat: null, accuracy_m: null, at: "2026-03-01T03:00:00Z", kept: null, refusal: null,
};
const answer = (status: number, body: unknown) => new Response(typeof body === "string" ? body : JSON.stringify(body), { status });

describe("a report on its way from the phone", () => {
  afterEach(() => {
    vi.unstubAllGlobals();
    vi.restoreAllMocks();
  });

  it.each([
    ["emergency", null, 10_000],
    ["stage", null, 20_000],
    ["note", null, 20_000],
    ["photo", new Blob(["jpeg"], { type: "image/jpeg" }), 120_000],
  ] as const)("ends in time: %s", async (kind, photo, within_ms) => {
    const end = new AbortController();
    const waits = vi.spyOn(AbortSignal, "timeout").mockReturnValue(end.signal);
    const hangs = (_path: string, init: RequestInit) => new Promise((_, reject) => init.signal!.addEventListener("abort", () => reject(new Error("late"))));
    vi.stubGlobal("fetch", vi.fn(hangs));
    const sent = sendReport({ ...NOTE, kind, photo });
    end.abort();
    expect(await sent).toEqual({ kind: "later" });
    expect(waits.mock.calls).toEqual([[within_ms]]);
  });

  it("names the sending that a stage was pressed for, and brings back why it is no fact of it", async () => {
    const fetch = vi.fn().mockResolvedValue(answer(200, { kept: "beside", why: "taken_back" }));
    vi.stubGlobal("fetch", fetch);
    const stage: Report = { ...NOTE, kind: "stage", stage: "cleared", text: null, ordinal: 1, assigned_at: "2026-03-01T02:50:00Z" };
    expect(await sendReport(stage)).toEqual({ kind: "kept", kept: "beside", why: "taken_back" });
    expect(JSON.parse(fetch.mock.calls[0]![1].body)).toMatchObject({ stage: "cleared", ordinal: 1, assigned_at: "2026-03-01T02:50:00Z" });
  });

  it.each(["i", null])("says with an emergency which incident the phone was on: %s", async (incident_id) => {
    const fetch = vi.fn().mockResolvedValue(answer(200, { kept: "taken" }));
    vi.stubGlobal("fetch", fetch);
    await sendReport({ ...NOTE, kind: "emergency", text: null, incident_id });
    expect(JSON.parse(fetch.mock.calls[0]![1].body)).toMatchObject({ incident_id });
  });

  it("brings back the incident that goes on, when the one it was told of was merged", async () => {
    vi.stubGlobal("fetch", vi.fn().mockResolvedValue(answer(200, { kept: "taken", into: "75" })));
    expect(await sendReport(NOTE)).toEqual({ kind: "kept", kept: "taken", into: "75" });
  });

  it("sends what an older page of the phone kept, which names no sending", async () => {
    const fetch = vi.fn().mockResolvedValue(answer(200, { kept: "taken" }));
    vi.stubGlobal("fetch", fetch);
    expect(await sendReport({ ...NOTE, kind: "stage", stage: "cleared", text: null })).toEqual({ kind: "kept", kept: "taken" });
    const body = JSON.parse(fetch.mock.calls[0]![1].body) as object;
    expect(body).not.toHaveProperty("ordinal");
    expect(body).not.toHaveProperty("assigned_at");
  });

  it.each([
    ["an answer of the centre", answer(200, { kept: "taken" }), { kind: "kept", kept: "taken" }],
    ["a refusal of the centre", answer(404, { code: "not_found", message: "Not your unit." }), { kind: "refused", message: "Not your unit." }],
    ["the end of the session", answer(401, { code: "not_signed_in", message: "" }), { kind: "signed_out" }],
    ["a centre that is busy", answer(429, { code: "rate_limited", message: "" }), { kind: "later" }],
    ["the sign-in page of a network, as if it were an answer", answer(200, "<html>"), { kind: "later" }],
    ["the sign-in page of a network, as a refusal", answer(403, "<html>"), { kind: "later" }],
    ["another's page without a session", answer(401, "<html>"), { kind: "later" }],
  ])("tells from another: %s", async (_name, response, expected) => {
    vi.stubGlobal("fetch", vi.fn().mockResolvedValue(response));
    expect(await sendReport({ ...NOTE, kind: "emergency" })).toEqual(expected);
  });
});
