/** What else can be done about the units of an incident: take one back before it arrives, ask for more, or let the incident wait. Mounted by the card. */
import type { BackupRequest, HoldRequest, SwapRequest, WithdrawalRequest } from "../../api/contract-check";
import { HOLD_REASONS, WITHDRAW_REASONS, type HoldReason, type IncidentView, type WithdrawReason } from "../../api/types";
import { useState } from "react";
import { may } from "../../api/permissions";
import { useLive, useSession, useWords } from "../../context";
import { session } from "../../session";
import { useCommand } from "../../ui/use-command";
import { SwapLine } from "./swap-line";
import { DispatchProblem } from "./units-panel-send";

/** Minutes offered for waiting; an appointment further off is made on another day's list. */
const HOLD_MIN = [10, 30, 60, 240] as const;
const MINUTE_MS = 60_000;

export function UnitActions({ incident, onReload }: { incident: IncidentView; onReload: () => void }) {
  const { me } = useSession();
  const { t, f } = useWords();
  const sending = useCommand();
  const [why, setWhy] = useState<WithdrawReason>("not_needed");
  const [hold, setHold] = useState<HoldReason>("no_unit");
  const isOffline = useLive("link", (store) => store.link.kind === "offline");
  if (!may(me, "dispatch")) return null;
  const base = `/api/incidents/${incident.id}`;
  const version = incident.version;
  const isOff = sending.busy || isOffline;
  const notArrived = Object.entries(incident.units).filter(([, unit]) => !unit.stages.on_scene && !unit.stages.transporting && !unit.stages.at_hospital && !unit.stages.cleared);
  const isIdle = Object.values(incident.units).every((unit) => unit.stages.cleared);
  const reload = () => {
    sending.clear();
    onReload();
  };
  const withdraw = (unitId: string) => sending.send("POST", `${base}/assignments/${unitId}/withdrawal`, { version, reason: why } satisfies WithdrawalRequest);
  const wait = (minutes: number) => {
    const until = new Date(session.store.time.now_ms() + minutes * MINUTE_MS).toISOString();
    sending.send("POST", `${base}/hold`, { version, until, reason: hold } satisfies HoldRequest);
  };
  return (
    <section className="unit-actions" aria-label={t("actions.title")}>
      {sending.error !== null && <DispatchProblem error={sending.error} onReload={reload} onRetry={sending.retry} />}
      {incident.backup && (
        <p className="notice is-warning">
          {t("actions.backup_asked", { n: incident.backup.count, at: f.clock(incident.backup.asked_at) })}{" "}
          <button type="button" className="button is-small" disabled={isOff} onClick={() => sending.send("POST", `${base}/backup/withdrawal`, { version })}>
            {t("actions.backup_end")}
          </button>
        </p>
      )}
      {incident.held && (
        <p className="notice">
          {t("actions.held", { until: f.full(incident.held.until), reason: t(`hold.${incident.held.reason as HoldReason}`) })}{" "}
          <button type="button" className="button is-small" disabled={isOff} onClick={() => sending.send("POST", `${base}/release`, { version })}>
            {t("actions.release")}
          </button>
        </p>
      )}
      <details>
        <summary>{t("actions.title")}</summary>
        {notArrived.length > 0 && (
          <div className="action-line">
            <Choice label={t("actions.why")} value={why} values={WITHDRAW_REASONS} name={(one) => t(`withdraw.${one}`)} onChange={setWhy} />
            {notArrived.map(([id, unit]) => (
              <button key={id} type="button" className="button is-small" disabled={isOff} onClick={() => withdraw(id)}>
                {t("actions.withdraw", { unit: unit.call_sign })}
              </button>
            ))}
          </div>
        )}
        {notArrived.length > 0 && <SwapLine units={notArrived} isOff={isOff} onSwap={(out, into) => sending.send("POST", `${base}/swaps`, { out_unit_id: out, in_unit_id: into, version } satisfies SwapRequest)} />}
        <div className="action-line">
          {[1, 2, 3].map((count) => (
            <button key={count} type="button" className="button is-small" disabled={isOff} onClick={() => sending.send("POST", `${base}/backup`, { version, count } satisfies BackupRequest)}>
              {t("actions.backup", { n: count })}
            </button>
          ))}
        </div>
        {isIdle && (
          <div className="action-line">
            <Choice label={t("actions.hold")} value={hold} values={HOLD_REASONS} name={(one) => t(`hold.${one}`)} onChange={setHold} />
            {HOLD_MIN.map((minutes) => (
              <button key={minutes} type="button" className="button is-small" disabled={isOff} onClick={() => wait(minutes)}>
                {f.age(minutes * 60)}
              </button>
            ))}
          </div>
        )}
      </details>
    </section>
  );
}

function Choice<T extends string>(props: { label: string; value: T; values: readonly T[]; name: (value: T) => string; onChange: (value: T) => void }) {
  return (
    <label className="small">
      {props.label}{" "}
      <select value={props.value} onChange={(event) => props.onChange(event.target.value as T)}>
        {props.values.map((value) => (
          <option key={value} value={value}>
            {props.name(value)}
          </option>
        ))}
      </select>
    </label>
  );
}
