/** Hands an incident on to a colleague by name; those who sit at their desk stand first. */
import { useState } from "react";
import type { OwnerRequest } from "../../api/contract-check";
import type { Colleague, IncidentView } from "../../api/types";
import { useLive, useSession, useWords } from "../../context";
import { CommandForm } from "./command-form";
import { fold } from "../../ui/fold";
import { Problem } from "../../ui/problem";
import { useCommand } from "../../ui/use-command";
import { useRead } from "../../ui/use-read";

const MOST = 40;
const FEW = 8;

export function HandOnDialog({ incident, onReload, onClose }: { incident: IncidentView; onReload: () => void; onClose: () => void }) {
  const { me } = useSession();
  const { t, f } = useWords();
  const sending = useCommand();
  const { data, error } = useRead<{ items: Colleague[] }>("/api/colleagues");
  useLive("presence", (store) => store.version("presence"));
  const presence = useLive("presence", (store) => store.presence);
  const [text, setText] = useState("");
  const [to, setTo] = useState<string | null>(null);
  const people = (data?.items ?? []).filter((one) => one.id !== me.account.id && one.id !== incident.owner_id);
  const found = people
    .filter((one) => one.id === to || fold(one.display_name).includes(fold(text)))
    .sort((a, b) => Number(presence.has(b.id)) - Number(presence.has(a.id)) || f.compare(a.display_name, b.display_name));
  const send = () => sending.send("POST", `/api/incidents/${incident.id}/owner`, { to: to!, version: incident.version } satisfies OwnerRequest, onClose);
  return (
    <CommandForm title={t("hand_on.title", { number: incident.number })} submit={t("hand_on.submit")} sending={sending} canSubmit={to !== null} onReload={onReload} onClose={onClose} onSubmit={send}>
      {error !== null && <Problem error={error} />}
      {people.length > FEW && (
        <label className="field">
          <span>{t("crew.find_person")}</span>
          <input type="search" value={text} onChange={(event) => setText(event.target.value)} dir="auto" />
        </label>
      )}
      <fieldset className="field choices people-list">
        <legend>{t("hand_on.to")}</legend>
        {found.slice(0, MOST).map((one) => (
          <label key={one.id} className="check">
            <input type="radio" name="to" checked={to === one.id} onChange={() => setTo(one.id)} />
            <bdi>{one.display_name}</bdi> <span className="quiet">{presence.has(one.id) ? `● ${t("hand_on.here")}` : `○ ${t("owner.away")}`}</span>
          </label>
        ))}
        {data && people.length === 0 && <p className="quiet">{t("hand_on.nobody")}</p>}
        {found.length > MOST && <p className="quiet small">{t("crew.more_people", { n: found.length - MOST })}</p>}
      </fieldset>
    </CommandForm>
  );
}
