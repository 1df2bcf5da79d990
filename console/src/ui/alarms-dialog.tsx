/** Every alarm with what one can do about it, the sound with its test, and an emergency said over the radio. */
import { useMemo, useState, type FormEvent } from "react";
import { may } from "../api/permissions";
import type { EmergencyRequest, ResolutionRequest, WelfareRequest } from "../api/contract-check";
import type { AlarmView } from "../api/types";
import { useLive, useSession, useTick, useWords } from "../context";
import { derived } from "../live/derived";
import { classOf, type Sound } from "../live/sounding";
import { session } from "../session";
import { Choices } from "./choices";
import { Dialog } from "./dialog";
import { Age } from "./marks";
import { SentUp } from "./alarm-up";
import { Problem } from "./problem";
import { useCommand } from "./use-command";
import { useNoticers, type Alarms } from "./use-alarms";

const SOUNDS: readonly Sound[] = ["emergency", "escalated", "routine"];
const REASONS: readonly ResolutionRequest["reason"][] = ["safe", "help_given", "pressed_by_mistake", "drill"];
const MOST_SHOWN = 100;
const everyUnit = derived(["units"], (store) => [...store.units.values()]);

export function AlarmsDialog({ alarms, onClose }: { alarms: Alarms; onClose: () => void }) {
  const { t } = useWords();
  const { me } = useSession();
  const noticers = useNoticers(alarms.sorted);
  const shown = alarms.sorted.slice(0, MOST_SHOWN);
  return (
    <Dialog title={t("alarms.title")} onClose={onClose} wide>
      {shown.length === 0 ? (
        <p className="quiet">{t("alarms.none")}</p>
      ) : (
        <ul className="alarm-list">
          {shown.map((alarm) => (
            <AlarmRow key={alarm.id} alarm={alarm} alarms={alarms} by={noticers(alarm)} onClose={onClose} />
          ))}
        </ul>
      )}
      {alarms.sorted.length > MOST_SHOWN && <p className="quiet">{t("alarms.more", { n: alarms.sorted.length - MOST_SHOWN })}</p>}
      <section className="alarm-sound">
        <h3>{t("alarms.sound")}</h3>
        {alarms.output === "blocked" && <p className="notice is-warning">{t("alarms.sound_blocked")}</p>}
        <label className="check">
          <input type="checkbox" checked={alarms.isMuted} onChange={(event) => alarms.mute(event.target.checked)} />
          {t("alarms.mute_routine")}
        </label>
        <p className="quiet small">{t("alarms.mute_never")}</p>
        <p className="button-row">
          {SOUNDS.map((sound) => (
            <button key={sound} type="button" className="button is-small" onClick={() => alarms.test(sound)}>
              {t("alarms.test", { what: t(`alarms.class.${sound}`) })}
            </button>
          ))}
        </p>
      </section>
      {may(me, "emergency") && <RadioEmergency />}
    </Dialog>
  );
}

function AlarmRow({ alarm, alarms, by, onClose }: { alarm: AlarmView; alarms: Alarms; by: string[]; onClose: () => void }) {
  useTick();
  const { t, f } = useWords();
  const { me } = useSession();
  const sending = useCommand();
  const isMine = alarms.isNoticed(alarm);
  return (
    <li className={`alarm-row is-${classOf(alarm)}`}>
      <p>
        <b>{t(`alarm.${alarm.kind}`)}</b>{" "}
        {alarm.number && <bdi className="num">{t("alarms.incident", { number: alarm.number })}</bdi>} {alarm.call_sign && <bdi className="num">{alarm.call_sign}</bdi>}{" "}
        {alarm.kind === "emergency" || alarm.kind === "break_glass" ? (
          <>
            <Age at={alarm.occurred_at} />
            {alarm.presses > 1 && <b className="num"> · {t("alarms.presses", { n: alarm.presses })}</b>}
          </>
        ) : (
          <span className="num">{t("clock.over", { time: f.duration(session.store.time.age_s(alarm.occurred_at)) })}</span>
        )}
        {alarm.level === "escalated" && <span className="alarm-up"> · <SentUp alarm={alarm} /></span>}
        {by.length > 0 && <span className="quiet" dir="auto"> · {t("alarms.noticed_by", { names: by.join(", ") })}</span>}
      </p>
      <p className="button-row">
        {alarm.incident_id && (
          <button type="button" className="button is-small" onClick={() => (onClose(), alarms.show(alarm))}>
            {t("alarms.show")}
          </button>
        )}
        {alarm.kind === "welfare" && may(me, "unit_status") && (
          <button type="button" className="button is-small" disabled={sending.busy} onClick={() => sending.send("POST", `/api/units/${alarm.unit_id}/welfare`, { ok: true } satisfies WelfareRequest)}>
            {t("alarms.crew_is_well")}
          </button>
        )}
        <button type="button" className="button is-small" disabled={isMine} onClick={() => alarms.acknowledge(alarm)}>
          {isMine ? t("alarms.noticed") : t("alarms.acknowledge")}
        </button>
      </p>
      {sending.error !== null && <Problem error={sending.error} onRetry={sending.retry} />}
    </li>
  );
}

/** A crew calls for help over the radio: the desk presses the button for it. */
function RadioEmergency() {
  const { t, f } = useWords();
  const units = useLive("units", everyUnit);
  const sending = useCommand();
  const [unitId, setUnitId] = useState("");
  const sorted = useMemo(() => [...units].sort((a, b) => f.compare(a.call_sign, b.call_sign)), [units, f]);
  return (
    <section className="alarm-radio">
      <h3>{t("alarms.radio")}</h3>
      <p className="button-row">
        <select className="select" aria-label={t("alarms.radio_unit")} value={unitId} onChange={(event) => setUnitId(event.target.value)}>
          <option value="">{t("alarms.radio_unit")}</option>
          {sorted.map((unit) => (
            <option key={unit.id} value={unit.id}>
              {unit.call_sign}
            </option>
          ))}
        </select>
        <button
          type="button" className="button is-danger" disabled={unitId === "" || sending.busy}
          onClick={() => sending.send("POST", `/api/units/${unitId}/emergency`, {} satisfies EmergencyRequest, () => setUnitId(""))}
        >
          {t("alarms.radio_raise")}
        </button>
      </p>
      {sending.error !== null && <Problem error={sending.error} onRetry={sending.retry} />}
    </section>
  );
}

export function ResolveDialog({ alarm, onClose }: { alarm: AlarmView; onClose: () => void }) {
  const { t } = useWords();
  const sending = useCommand();
  const [reason, setReason] = useState<ResolutionRequest["reason"] | null>(null);
  const end = (event: FormEvent) => {
    event.preventDefault();
    if (reason !== null && !sending.busy) sending.send("POST", `/api/alarms/${alarm.id}/resolution`, { reason } satisfies ResolutionRequest, onClose);
  };
  return (
    <Dialog title={t("alarms.resolve_title", { unit: alarm.call_sign ?? "?" })} onClose={onClose}>
      <form onSubmit={end}>
        <p>{t("alarms.resolve_what")}</p>
        <Choices legend={t("alarms.resolve_reason")} name="reason" values={REASONS} chosen={reason} word={(one) => t(`alarms.reason.${one}`)} onChoose={setReason} />
        {sending.error !== null && <Problem error={sending.error} onRetry={sending.retry} />}
        <p className="button-row">
          <button type="submit" className="button is-primary" disabled={reason === null || sending.busy}>
            {t("alarms.resolve")}
          </button>
        </p>
      </form>
    </Dialog>
  );
}
