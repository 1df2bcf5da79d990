/** Runs what changes the ways in; asks for a fresh proof where the server wants one, then goes on with the same thing. */
import { useState, type ReactNode } from "react";
import { ApiError } from "../../api/client";
import { ProofDialog } from "./proof-dialog";
import type { Ways } from "./types";

export interface Proven {
  busy: boolean;
  error: unknown;
  run(action: () => Promise<void>): void;
  clear(): void;
  dialog: ReactNode;
}

export function useProven(ways: Ways | null): Proven {
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<unknown>(null);
  const [waiting, setWaiting] = useState<(() => Promise<void>) | null>(null);
  const run = (action: () => Promise<void>) => {
    if (busy) return; // A double click is one act.
    setBusy(true);
    setError(null);
    action()
      .catch((problem: unknown) => {
        if (problem instanceof ApiError && problem.code === "proof_needed") setWaiting(() => action);
        else setError(problem);
      })
      .finally(() => setBusy(false));
  };
  const dialog = waiting && ways && (
    <ProofDialog
      ways={ways}
      onClose={() => setWaiting(null)}
      onProven={() => {
        setWaiting(null);
        run(waiting);
      }}
    />
  );
  return { busy, error, run, clear: () => setError(null), dialog };
}
