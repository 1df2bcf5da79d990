/** Opens the incident, adds the call to another, and later brings what was learnt afterwards to the open one. */
import { useCallback, useState } from "react";
import { Command } from "../../api/client";
import type { Opened } from "../../api/calls";
import { useCommand, type Sending } from "../../ui/use-command";
import { draft } from "./draft";
import { EMPTY_PLACE } from "./form-place";
import { callerOf, toRequest, type Fields } from "./fields";

export interface Opening {
  sending: Sending;
  finishing: { busy: boolean; error: unknown };
  open(fields: Fields, proposed: string, occurred_at: string | null, onDone: (opened: Opened) => void): void;
  join(incidentId: string, fields: Fields, proposed: string, occurred_at: string | null, onDone: (id: string) => void): void;
  /** Sends what was typed after the incident was opened; `onDone` when all of it is there. */
  finish(fields: Fields, onDone: () => void): void;
}

export function useOpening(): Opening {
  const sending = useCommand();
  const [finishing, setFinishing] = useState<{ busy: boolean; error: unknown }>({ busy: false, error: null });
  const { send } = sending;
  const open = useCallback<Opening["open"]>(
    (fields, proposed, occurred_at, onDone) => {
      // What is still on its way to the draft must not arrive after the draft is gone: it would bring it back.
      void draft.flush().then(() => send<Opened>("POST", "/api/incidents", { ...toRequest(fields, proposed, occurred_at), draft_id: draft.get().id }, onDone));
    },
    [send],
  );
  const join = useCallback<Opening["join"]>(
    (incidentId, fields, proposed, occurred_at, onDone) => {
      const [text, reference] = [fields.note.trim(), fields.reference.trim()];
      const body = {
        channel: fields.channel, covert: fields.covert, entered_via: fields.entered_via, safe_contact: fields.safe_contact, ...callerOf(fields),
        ...(text ? { text } : {}), ...(reference ? { reference } : {}), ...(occurred_at !== null ? { occurred_at } : {}),
        // What this caller told of: the server raises the incident to it, and it stays with the call.
        ...(fields.category ? { category: fields.category } : {}), ...(fields.priority || proposed ? { priority: fields.priority || proposed } : {}),
      };
      void draft.flush().then(() => send("POST", `/api/incidents/${incidentId}/calls`, { ...body, draft_id: draft.get().id }, () => onDone(incidentId)));
    },
    [send],
  );
  const finish = useCallback<Opening["finish"]>((fields, onDone) => {
    setFinishing({ busy: true, error: null });
    sendRest(fields).then(
      () => {
        setFinishing({ busy: false, error: null });
        onDone();
      },
      (error: unknown) => setFinishing({ busy: false, error }),
    );
  }, []);
  return { sending, finishing, open, join, finish };
}

/** The acts of the last try, with their keys: trying again does none of them twice. */
let lastRest: { key: string; commands: Command<unknown>[] } | null = null;

async function sendRest(fields: Fields): Promise<void> {
  const path = `/api/incidents/${fields.incident_id}`;
  const caller = { ...callerOf({ ...fields, place: EMPTY_PLACE }), covert: fields.covert, safe_contact: fields.safe_contact };
  const hasCaller = Boolean(caller.caller ?? caller.address) || caller.covert || caller.safe_contact.length > 0;
  const key = JSON.stringify([path, caller, fields.note]);
  if (lastRest?.key !== key) {
    const commands: Command<unknown>[] = [];
    if (hasCaller) commands.push(new Command("POST", `${path}/caller`, caller));
    if (fields.note.trim()) commands.push(new Command("POST", `${path}/notes`, { text: fields.note.trim() }));
    lastRest = { key, commands };
  }
  for (const command of lastRest.commands) await command.send(); // Under its own key: sent twice, it is done once.
  lastRest = null;
}
