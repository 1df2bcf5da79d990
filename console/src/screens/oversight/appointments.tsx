/** Appointments: who holds the offices that watch over use, what waits for a second person, and asking for one. */
import { useState } from "react";
import { may } from "../../api/permissions";
import { useNames, useSession, useWords } from "../../context";
import { Problem } from "../../ui/problem";
import { useCommand } from "../../ui/use-command";
import { useRead } from "../../ui/use-read";
import { AskDialog, type Asked } from "./appointment-dialog";
import { roleName } from "./ends";
import type { Appointments, Office, Waiting } from "./governing-types";

const PATH = "/api/oversight/appointments";

export function AppointmentsTab() {
  const { t } = useWords();
  const { me } = useSession();
  const read = useRead<Appointments>(PATH);
  const [asking, setAsking] = useState<Asked | null>(null);
  const mayAsk = may(me, "appoint");
  const done = () => {
    setAsking(null);
    read.reload();
  };
  return (
    <>
      <div className="page-head">
        <h2>{t("appoint.waiting")}</h2>
        {may(me, "accounts") && mayAsk && (
          <button type="button" className="button is-primary" onClick={() => setAsking({ change: "give" })}>
            {t("appoint.ask")}
          </button>
        )}
      </div>
      <p className="quiet small definition">{t("appoint.note")}</p>
      {read.error !== null && <Problem error={read.error} onReload={read.reload} />}
      {read.data?.waiting.length === 0 && <p className="empty">{t("appoint.none_waiting")}</p>}
      <ol className="appoint-list">{read.data?.waiting.map((one) => <WaitingRow key={one.id} one={one} onDone={read.reload} />)}</ol>
      <h2>{t("appoint.offices")}</h2>
      {read.data && <Offices offices={read.data.offices} onTake={mayAsk ? (office) => setAsking({ change: "take", office }) : null} />}
      {asking && <AskDialog asked={asking} onClose={() => setAsking(null)} onDone={done} />}
    </>
  );
}

function WaitingRow({ one, onDone }: { one: Waiting; onDone: () => void }) {
  const { t, f } = useWords();
  const names = useNames();
  const sending = useCommand();
  const decide = (how: "approval" | "refusal" | "withdrawal") => sending.send("POST", `${PATH}/${one.id}/${how}`, {}, onDone);
  const what = { name: `${one.account.name} (${one.account.login})`, role: roleName(one.role, t), territory: names.territory(one.territory_id) ?? String(one.territory_id) };
  return (
    <li className="appoint-row">
      <p>
        <strong>{one.change === "give" ? t("appoint.give", what) : t("appoint.take", what)}</strong>
      </p>
      <p className="quiet small">{t(one.by_provider ? "appoint.asked_by_provider" : "appoint.asked", { name: one.asked_by.name, at: f.full(one.asked_at, "minute"), until: f.full(one.ends_at, "minute") })}</p>
      {sending.error !== null && <Problem error={sending.error} onReload={onDone} onRetry={sending.retry} />}
      <div className="filters">
        {one.may_decide && (
          <>
            {one.may_approve ? (
              <button type="button" className="button is-primary" disabled={sending.busy} onClick={() => decide("approval")}>
                {t("appoint.approve")}
              </button>
            ) : (
              <span className="quiet small">{t("appoint.not_by_administrator")}</span>
            )}
            <button type="button" className="button" disabled={sending.busy} onClick={() => decide("refusal")}>
              {t("appoint.refuse")}
            </button>
          </>
        )}
        {one.may_withdraw && (
          <>
            <span className="quiet small">{t("appoint.second_needed")}</span>
            <button type="button" className="button" disabled={sending.busy} onClick={() => decide("withdrawal")}>
              {t("appoint.withdraw")}
            </button>
          </>
        )}
      </div>
    </li>
  );
}

function Offices({ offices, onTake }: { offices: Office[]; onTake: ((office: Office) => void) | null }) {
  const { t } = useWords();
  const names = useNames();
  if (offices.length === 0) return <p className="empty">{t("appoint.no_offices")}</p>;
  return (
    <div className="table-wrap" tabIndex={0} role="region" aria-label={t("appoint.offices")}>
      <table className="table">
        <thead>
          <tr>
            <th scope="col">{t("appoint.office")}</th>
            <th scope="col">{t("appoint.holder")}</th>
            <th scope="col">{t("facts.territory")}</th>
            {onTake && <th scope="col">{t("appoint.change")}</th>}
          </tr>
        </thead>
        <tbody>
          {offices.map((one) => (
            <tr key={`${one.role} ${one.territory_id} ${one.account.id}`}>
              <th scope="row">{roleName(one.role, t)}</th>
              <td>{one.account.name}</td>
              <td>{names.territory(one.territory_id) ?? one.territory_id}</td>
              {onTake && (
                <td>
                  <button type="button" className="button" onClick={() => onTake(one)}>
                    {t("appoint.remove")}
                  </button>
                </td>
              )}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}
