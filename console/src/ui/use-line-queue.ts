/** Lines that were entered: sent one after another, and what each makes of the units is foreseen until the picture shows it. */
import { useEffect, useReducer, useRef } from "react";
import type { LastAct, Outcome } from "../commands/run";
import type { Plan } from "../commands/resolve";
import { session } from "../session";

export interface Entered {
  line: string;
  /** What it does, as it was said before Enter. */
  said: string;
  plan: Plan;
  last: LastAct | null;
  /** The how manieth line it is. */
  count: number;
}

interface Handlers {
  send(one: Entered): Promise<Outcome>;
  onDone(one: Entered, outcome: Outcome): void;
  /** Nothing behind what failed is sent: it may have been meant to follow it. */
  onFailed(error: unknown, one: Entered, behind: Entered[]): void;
}

export interface LineQueue {
  /** The first is under way. */
  waiting: readonly Entered[];
  /** Acts of one's own that the picture does not show yet, the oldest first. */
  unseen(): Plan[];
  /** Rises with each change of what is foreseen. */
  version: number;
  /** False when too many wait. */
  add(one: Entered): boolean;
}

const MOST_WAITING = 8;
/** A picture that stands still longer than this many acts is not made up for. */
const MOST_UNSEEN = 50;

export function useLineQueue(handlers: Handlers): LineQueue {
  const queue = useRef<Entered[]>([]);
  const answered = useRef<{ plan: Plan; seq: number }[]>([]);
  const current = useRef(handlers);
  current.current = handlers;
  const [version, redraw] = useReducer((count: number) => count + 1, 0);
  // Whoever signs out leaves nothing behind that would be sent in the name of the next.
  useEffect(() => () => void queue.current.splice(0), []);

  const drain = async () => {
    for (let one = queue.current[0]; one; one = queue.current[0]) {
      try {
        const outcome = await current.current.send(one);
        if (queue.current[0] !== one) return;
        queue.current.shift();
        // What was taken back is not foreseen any more; which act that was only the picture says.
        if (one.plan.kind === "undo") answered.current = [];
        if (outcome.seq !== null) answered.current = [...answered.current, { plan: one.plan, seq: outcome.seq }].slice(-MOST_UNSEEN);
        current.current.onDone(one, outcome);
      } catch (failed) {
        if (queue.current[0] !== one) return;
        const [, ...behind] = queue.current.splice(0);
        current.current.onFailed(failed, one, behind);
      }
      redraw();
    }
  };

  return {
    waiting: queue.current,
    version,
    unseen() {
      answered.current = answered.current.filter(({ seq }) => seq > session.store.seq);
      return [...answered.current, ...queue.current].map(({ plan }) => plan);
    },
    add(one) {
      if (queue.current.length >= MOST_WAITING) return false;
      queue.current.push(one);
      redraw();
      if (queue.current.length === 1) void drain();
      return true;
    },
  };
}
