/** Asks before somebody signs out who still owns open incidents: they would belong to nobody. */
import { useState } from "react";
import { Link } from "react-router";
import type { IncidentView } from "../api/types";
import { useLive, useNames, useSession, useWords } from "../context";
import { session } from "../session";
import { Dialog } from "./dialog";
import { PriorityMark } from "./marks";

const MOST = 20;

export function ownedBy(accountId: string): IncidentView[] {
  return [...session.store.incidents.values()].filter((incident) => incident.owner_id === accountId && incident.status === "open");
}

export function LeaveDialog({ onClose }: { onClose: () => void }) {
  const { me } = useSession();
  const { t } = useWords();
  const names = useNames();
  const [busy, setBusy] = useState(false);
  useLive("incidents", (store) => store.version("incidents"));
  const owned = ownedBy(me.account.id).sort((a, b) => names.rank(a.priority) - names.rank(b.priority));
  const leave = () => {
    setBusy(true);
    void session.signOut();
  };
  return (
    <Dialog title={t("top.sign_out")} onClose={onClose}>
      <p className="notice is-warning">{t("leave.owned", { n: owned.length })}</p>
      <ul className="plain-list leave-list">
        {owned.slice(0, MOST).map((incident) => (
          <li key={incident.id}>
            <PriorityMark code={incident.priority} />{" "}
            <Link to={`/desk/${incident.id}`} onClick={onClose}>
              <bdi>{incident.number}</bdi> · <bdi>{names.category(incident.category)}</bdi>
            </Link>
          </li>
        ))}
        {owned.length > MOST && <li className="quiet">+{owned.length - MOST}</li>}
      </ul>
      <footer className="dialog-foot">
        <button type="button" className="button is-primary" onClick={onClose}>
          {t("leave.stay")}
        </button>
        <button type="button" className="button" disabled={busy} onClick={leave}>
          {t("leave.anyway")}
        </button>
      </footer>
    </Dialog>
  );
}
