/** Incidents that belong together: linked, merged, reopened, and closed to a post. Each says beforehand what follows from it. */
import { useState } from "react";
import { GROUNDS, type Ground } from "../../api/contents";
import type { LinkRequest, MergeRequest, ReopenRequest, ShutOutRequest } from "../../api/contract-check";
import type { IncidentView } from "../../api/types";
import { useLive, useNames, useSession, useWords } from "../../context";
import { useCommand } from "../../ui/use-command";
import { CommandForm } from "./command-form";
import { TextField } from "./party-dialog";

interface Props {
  incident: IncidentView;
  onReload: () => void;
  onClose: () => void;
}

const KINDS = ["related", "duplicate", "follow_up"] as const;

/** An open incident by its number, as people say it; what was found is named, so that nobody merges into a mistyped one. */
function useByNumber(incident: IncidentView) {
  const [number, setNumber] = useState("");
  const found = useLive("incidents", (store) => [...store.incidents.values()].find((one) => one.number === number.trim() && one.id !== incident.id));
  return { number, setNumber, found };
}

function Found({ number, found }: { number: string; found: IncidentView | undefined }) {
  const { t, f } = useWords();
  const names = useNames();
  if (number.trim() === "") return null;
  const place = found && (found.place_label ?? names.territory(found.territory_id) ?? t("unknown"));
  return (
    <p className={found ? "notice" : "notice is-warning"} role="status" dir="auto">
      {found
        ? t("merge.found", { number: found.number, category: names.category(found.category), place: place!, at: f.full(found.received.at, found.received.precision) })
        : t("merge.unknown")}
    </p>
  );
}

export function MergeDialog({ incident, onReload, onClose }: Props) {
  const { t } = useWords();
  const sending = useCommand();
  const { number, setNumber, found } = useByNumber(incident);
  const [reason, setReason] = useState("");
  const merge = () => {
    const body: MergeRequest = { version: incident.version, into_id: found!.id, into_version: found!.version, reason: reason.trim() };
    sending.send("POST", `/api/incidents/${incident.id}/merge`, body, onClose);
  };
  return (
    <CommandForm title={t("merge.title", { number: incident.number })} submit={t("merge.submit")} sending={sending} canSubmit={found !== undefined && reason.trim() !== ""} onReload={onReload} onClose={onClose} onSubmit={merge}>
      <p className="quiet">{t("merge.hint")}</p>
      <TextField label={t("merge.into")} value={number} onChange={setNumber} longest={20} />
      <Found number={number} found={found} />
      <TextField label={t("field.reason")} value={reason} onChange={setReason} longest={200} />
    </CommandForm>
  );
}

export function LinkDialog({ incident, onReload, onClose }: Props) {
  const { t } = useWords();
  const sending = useCommand();
  const { number, setNumber, found } = useByNumber(incident);
  const [kind, setKind] = useState<(typeof KINDS)[number]>("related");
  const link = () =>
    sending.send("POST", `/api/incidents/${incident.id}/links`, { other_id: found!.id, kind } satisfies LinkRequest, () => {
      onReload();
      onClose();
    });
  return (
    <CommandForm title={t("link.title", { number: incident.number })} submit={t("link.submit")} sending={sending} canSubmit={found !== undefined} onReload={onReload} onClose={onClose} onSubmit={link}>
      <TextField label={t("link.other")} value={number} onChange={setNumber} longest={20} />
      <Found number={number} found={found} />
      <fieldset className="field choices">
        <legend>{t("links.kind")}</legend>
        {KINDS.map((one) => (
          <label key={one} className="check">
            <input type="radio" name="kind" checked={kind === one} onChange={() => setKind(one)} />
            {t(`links.kind.${one}`)}
          </label>
        ))}
      </fieldset>
    </CommandForm>
  );
}

export function ReopenDialog({ incident, onReload, onClose }: Props) {
  const { t } = useWords();
  const sending = useCommand();
  const [reason, setReason] = useState("");
  return (
    <CommandForm
      title={t("reopen.title", { number: incident.number })} submit={t("reopen.submit")} sending={sending} canSubmit={reason.trim() !== ""} onReload={onReload} onClose={onClose}
      onSubmit={() =>
        sending.send("POST", `/api/incidents/${incident.id}/reopen`, { version: incident.version, reason: reason.trim() } satisfies ReopenRequest, () => {
          onReload();
          onClose();
        })
      }
    >
      <p className="quiet">{t("reopen.hint")}</p>
      <TextField label={t("field.reason")} value={reason} onChange={setReason} longest={200} />
    </CommandForm>
  );
}

export function ShutOutDialog({ incident, onReload, onClose }: Props) {
  const { t, name } = useWords();
  const { territories } = useSession();
  const sending = useCommand();
  const [ground, setGround] = useState<Ground | null>(null);
  const [post, setPost] = useState(incident.territory_id);
  const path = territories.path(incident.territory_id).slice(1).reverse();
  const send = () => {
    const body: ShutOutRequest = { version: incident.version, ground: ground!, territory_id: post, account_ids: [] };
    sending.send("POST", `/api/incidents/${incident.id}/shut-out`, body, onClose);
  };
  return (
    <CommandForm title={t("shut_out.title", { number: incident.number })} submit={t("shut_out.submit")} sending={sending} canSubmit={ground !== null} onReload={onReload} onClose={onClose} onSubmit={send}>
      <p className="notice is-warning">{t("shut_out.hint")}</p>
      <fieldset className="field choices">
        <legend>{t("shut_out.ground")}</legend>
        {GROUNDS.map((one) => (
          <label key={one} className="check">
            <input type="radio" name="ground" checked={ground === one} onChange={() => setGround(one)} />
            {t(`shut_out.ground.${one}`)}
          </label>
        ))}
      </fieldset>
      <label className="field">
        <span>{t("shut_out.post")}</span>
        <select value={post} onChange={(event) => setPost(Number(event.target.value))}>
          {path.map((territory) => (
            <option key={territory.id} value={territory.id}>
              {name(territory.names, territory.code)}
            </option>
          ))}
        </select>
      </label>
    </CommandForm>
  );
}
