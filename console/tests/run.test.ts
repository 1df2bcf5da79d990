import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { Unreachable } from "../src/api/client";
import { run } from "../src/commands/run";
import { incident } from "./make";

describe("a command that got no answer", () => {
  beforeEach(() => vi.useFakeTimers());
  afterEach(() => {
    vi.useRealTimers();
    vi.unstubAllGlobals();
  });
  const note = (text: string) => run({ kind: "note", incident: incident("i"), text }, null, () => null, "", "me");
  const failed = async (text: string) => {
    const sent = note(text).catch((error: unknown) => error);
    await vi.runAllTimersAsync();
    return sent;
  };

  it("is the same act when it is sent again, and another line is another act", async () => {
    const fetch = vi.fn().mockRejectedValue(new TypeError("network"));
    vi.stubGlobal("fetch", fetch);
    const keys = () => [...new Set(fetch.mock.calls.map(([, init]) => ((init as RequestInit).headers as Record<string, string>)["idempotency-key"]))];
    expect(await failed("door is open")).toBeInstanceOf(Unreachable);
    await failed("door is open");
    expect(keys()).toHaveLength(1);
    await failed("door is shut");
    expect(keys()).toHaveLength(2);
    fetch.mockResolvedValue(new Response("{}", { status: 201 }));
    await note("door is shut");
    expect(keys()).toHaveLength(2);
    fetch.mockResolvedValue(new Response("{}", { status: 201 }));
    await note("door is shut");
    expect(keys()).toHaveLength(3);
  });
});
