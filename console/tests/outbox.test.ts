import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { isUnsent, Outbox, type Report, type ReportStore, type Sent } from "../src/unit/outbox";

class Memory implements ReportStore {
  readonly held = new Map<string, Report>();
  all = () => Promise.resolve([...this.held.values()]);
  put = (report: Report) => Promise.resolve(void this.held.set(report.key, structuredClone(report)));
  remove = (key: string) => Promise.resolve(void this.held.delete(key));
}

function report(key: string, more: Partial<Report> = {}): Report {
  return {
    key, account_id: "me", unit_id: "u", kind: "note", incident_id: "i", incident_number: "1", stage: null, text: `note ${key}`, photo: null,
    lon: null, lat: null, accuracy_m: null, at: `2026-03-01T03:${key.padStart(2, "0")}:00Z`, kept: null, refusal: null, ...more,
  };
}

async function outbox(send: (report: Report) => Promise<Sent>, store = new Memory()) {
  const box = new Outbox(store, send);
  await box.open();
  return { box, store };
}

/** Let everything go on that can. */
const settled = () => new Promise((done) => setTimeout(done));

const taken: Sent = { kind: "kept", kept: "taken" };

describe("the outbox of a unit's phone", () => {
  it("keeps every report while there is no network, also over a restart", async () => {
    const { box, store } = await outbox(() => Promise.resolve({ kind: "later" }));
    for (const key of ["1", "2", "3"]) await box.add(report(key));
    expect(await box.flush("me")).toBe("later");
    const again = await outbox(() => Promise.resolve(taken), store);
    expect(again.box.unsent("me").map((one) => one.key)).toEqual(["1", "2", "3"]);
    expect(await again.box.flush("me")).toBe("empty");
    expect(again.box.list.filter(isUnsent)).toEqual([]);
  });

  it("sends in order, an emergency first", async () => {
    const sent: string[] = [];
    const { box } = await outbox((one) => {
      sent.push(one.key);
      return Promise.resolve(taken);
    });
    await box.add(report("1"));
    await box.add(report("2"));
    await box.add(report("3", { kind: "emergency" }));
    await box.flush("me");
    expect(sent).toEqual(["3", "1", "2"]);
  });

  it("sends an emergency and words at once while a photo never settles", async () => {
    const sent: string[] = [];
    const never = new Promise<Sent>(() => undefined);
    const { box } = await outbox((one) => {
      sent.push(one.key);
      return one.kind === "photo" ? never : Promise.resolve(taken);
    });
    await box.add(report("1", { kind: "photo" }));
    void box.flush("me");
    await box.add(report("2"));
    await box.add(report("3", { kind: "emergency" }));
    void box.flush("me");
    await settled();
    expect(sent).toEqual(["1", "3", "2"]);
    expect(box.unsent("me").map((one) => one.key)).toEqual(["1"]);
    void box.flush("me");
    await settled();
    expect(sent).toEqual(["1", "3", "2"]);
  });

  it("sends an emergency at once while every request before it hangs, also an emergency, and none twice meanwhile", async () => {
    const sent: string[] = [];
    const { box } = await outbox((one) => {
      sent.push(one.key);
      return new Promise<Sent>(() => undefined);
    });
    await box.add(report("1"));
    void box.flush("me");
    for (const key of ["2", "3"]) {
      await box.add(report(key, { kind: "emergency" }));
      void box.flush("me");
    }
    void box.flush("me");
    expect(sent).toEqual(["1", "2", "3"]);
  });

  it("sends an emergency before the phone's disk has it, and also when the disk is full", async () => {
    const sent: string[] = [];
    const store = new Memory();
    store.put = () => Promise.reject(new Error("full"));
    const { box } = await outbox((one) => {
      sent.push(one.key);
      return Promise.resolve(taken);
    }, store);
    const kept = box.add(report("1", { kind: "emergency" }));
    expect(box.unsent("me")).toHaveLength(1);
    expect(await Promise.all([box.flush("me"), kept.catch(() => "full")])).toEqual(["empty", "full"]);
    expect(sent).toEqual(["1"]);
    expect(box.unsent("me")).toEqual([]);
    await expect(box.add(report("2"))).rejects.toThrow("full");
    expect(box.list.map((one) => one.key)).toEqual(["1"]);
  });

  it("begins only what may go: after the session's end an emergency, and no words", async () => {
    const sent: string[] = [];
    const { box } = await outbox((one) => {
      sent.push(one.key);
      return Promise.resolve(taken);
    });
    await box.add(report("1"));
    await box.add(report("2", { kind: "emergency" }));
    await box.flush("me", undefined, (one) => one.kind === "emergency");
    expect(sent).toEqual(["2"]);
    expect(box.unsent("me").map((one) => one.key)).toEqual(["1"]);
  });

  it("never sends what another officer wrote on this phone", async () => {
    const sent: string[] = [];
    const { box } = await outbox((one) => {
      sent.push(one.key);
      return Promise.resolve(taken);
    });
    await box.add(report("1", { account_id: "other" }));
    expect(await box.flush("me")).toBe("empty");
    expect(sent).toEqual([]);
    expect(box.list.filter(isUnsent)).toHaveLength(1);
  });

  it("forgets words and photos once the centre has them, and shows a refusal until it is put away", async () => {
    const answers: Sent[] = [taken, { kind: "refused", message: "Your unit was not sent there." }];
    const { box, store } = await outbox(() => Promise.resolve(answers.shift()!));
    await box.add(report("1"));
    await box.add(report("2"));
    await box.flush("me");
    expect(store.held.get("1")).toMatchObject({ kept: "taken", text: null, photo: null });
    expect(store.held.get("2")).toMatchObject({ refusal: "Your unit was not sent there.", text: "note 2" });
    await box.dismiss("2");
    expect([...store.held.keys()]).toEqual(["1"]);
  });

  it("loses nothing and sends nothing twice after it was kept, whatever the line does", async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.constantFrom("add", "flush", "restart"), { maxLength: 30 }), fc.infiniteStream(fc.constantFrom("ok", "lost", "down")), async (steps, line) => {
        const centre = new Map<string, number>(); // what the centre has taken, by key: it knows twins
        const send = (one: Report): Promise<Sent> => {
          const luck = line.next().value as string;
          if (luck !== "down") centre.set(one.key, (centre.get(one.key) ?? 0) + 1);
          return Promise.resolve(luck === "ok" ? taken : { kind: "later" });
        };
        const store = new Memory();
        let { box } = await outbox(send, store);
        let added = 0;
        for (const step of steps) {
          if (step === "add") await box.add(report(String((added += 1))));
          else if (step === "flush") await box.flush("me");
          else ({ box } = await outbox(send, store));
        }
        const waiting = new Set(box.unsent("me").map((one) => one.key));
        for (let key = 1; key <= added; key += 1) expect(waiting.has(String(key)) || centre.has(String(key))).toBe(true);
      }),
      { numRuns: 60, seed: 102 },
    );
  });
});
