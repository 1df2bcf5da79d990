/** Who answers for an incident, whether they are at their desk, and who else has it open. Names are for desks only. */
import type { OwnerRequest } from "../api/contract-check";
import { may } from "../api/permissions";
import type { IncidentView, Me } from "../api/types";
import { useLive, useSession, useWords } from "../context";
import { useKeys } from "./keys";
import { Kbd } from "./marks";
import { useColleagues } from "./presence";
import { Problem } from "./problem";
import { useCommand } from "./use-command";

interface Props {
  incident: Pick<IncidentView, "id" | "owner_id">;
  /** In a row: the name alone, and nothing where there is nothing to say. */
  isShort?: boolean;
}

export function OwnerMark({ incident, isShort = false }: Props) {
  const { me } = useSession();
  const { t } = useWords();
  const isDesk = may(me, "colleagues");
  const names = useColleagues(isDesk);
  useLive("presence", (store) => store.version("presence"));
  const presence = useLive("presence", (store) => store.presence);
  if (!isDesk) return null;
  const name = (id: string) => names.get(id) ?? t("owner.unknown");
  const owner = incident.owner_id ?? null;
  const others = [...presence].filter(([id, open]) => open === incident.id && id !== me.account.id).map(([id]) => name(id));
  const isAway = owner !== null && owner !== me.account.id && !presence.has(owner);
  if (isShort && owner === null && others.length === 0) return null;
  return (
    <span className="owner-mark">
      {isShort ? <span className="sr-only">{t("owner.label")}: </span> : `${t("owner.label")}: `}
      {/* A row may be too short for all of it: then the name is cut, never that its owner is gone. */}
      {isAway && isShort && <b>{t("owner.away")}: </b>}
      {owner === null ? <b>{t("owner.none")}</b> : owner === me.account.id ? t("owner.mine") : <bdi>{name(owner)}</bdi>}
      {isAway && !isShort && <b> ({t("owner.away")})</b>}
      {others.length > 0 && <span className="quiet"> · {t("owner.also_open", { names: others.join(", ") })}</span>}
    </span>
  );
}

/** Takes an incident over, with the key O. Nobody's leave is needed: the owner's browser may have died. */
export function mayTakeOver(me: Me, incident: Pick<IncidentView, "owner_id">): boolean {
  return incident.owner_id !== me.account.id && may(me, "change") && (may(me, "open") || may(me, "dispatch"));
}

export function TakeOver({ incident, onReload }: { incident: IncidentView; onReload: () => void }) {
  const { me } = useSession();
  const { t } = useWords();
  const sending = useCommand();
  const canTake = mayTakeOver(me, incident);
  const take = () => {
    if (!canTake || sending.busy) return;
    sending.send("POST", `/api/incidents/${incident.id}/owner`, { to: "me", version: incident.version } satisfies OwnerRequest);
  };
  useKeys({ KeyO: take });
  const reload = () => {
    sending.clear();
    onReload();
  };
  return (
    <>
      {canTake && (
        <button type="button" className="button" disabled={sending.busy} onClick={take}>
          {t("owner.take")} <Kbd>O</Kbd>
        </button>
      )}
      {sending.error !== null && <Problem error={sending.error} onReload={reload} onRetry={sending.retry} />}
    </>
  );
}
