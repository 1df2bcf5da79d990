/** Alarms in the frame of every screen: their number and the sound in the top bar, a band for each emergency until it has ended. */
import { useState } from "react";
import { Link } from "react-router";
import { may } from "../api/permissions";
import type { AlarmView } from "../api/types";
import { useSession, useWords } from "../context";
import { classOf } from "../live/sounding";
import { EmergencyCallButton } from "../screens/new-incident/emergency-call";
import { AlarmsDialog, ResolveDialog } from "./alarms-dialog";
import { SentUp } from "./alarm-up";
import { Age, Kbd } from "./marks";
import { Problem } from "./problem";
import { useNoticers, type Alarms } from "./use-alarms";

const MOST_BANDS = 3; // What is more is counted: the desk must still be seen.

/** A triangle, a diamond, a disc: what each class is, without its colour. */
const SHAPES = { emergency: "▲", escalated: "◆", routine: "●" } as const;

export function AlarmBar({ alarms }: { alarms: Alarms }) {
  const { t } = useWords();
  const [isOpen, setOpen] = useState(false);
  const counts = { emergency: 0, escalated: 0, routine: 0 };
  for (const alarm of alarms.sorted) counts[classOf(alarm)] += 1;
  const unnoticed = alarms.sorted.filter((alarm) => !alarms.isNoticed(alarm)).length;
  const parts = (Object.keys(SHAPES) as (keyof typeof SHAPES)[]).filter((one) => counts[one] > 0);
  return (
    <div className="alarm-bar" data-sound={alarms.sound ?? "none"} data-output={alarms.output}>
      <button type="button" className={`button alarm-chip ${unnoticed > 0 ? "is-unnoticed" : ""}`} onClick={() => setOpen(true)} aria-haspopup="dialog" title={t("alarms.title")}>
        <span className="alarm-word">{t("alarms.title")}</span>{" "}
        {parts.length === 0 ? (
          <span className="num">0</span>
        ) : (
          parts.map((one) => (
            <span key={one} className={`alarm-count is-${one} num`}>
              <i aria-hidden="true">{SHAPES[one]}</i>
              {counts[one]} <span className="sr-only">{t(`alarms.class.${one}`)}</span>
            </span>
          ))
        )}
        <Kbd>F8</Kbd>
      </button>
      <span className="sound-state" role="status">
        {alarms.output === "elsewhere" ? t("alarms.sound_elsewhere") : alarms.isMuted ? t("alarms.sound_muted") : ""}
      </span>
      {isOpen && <AlarmsDialog alarms={alarms} onClose={() => setOpen(false)} />}
    </div>
  );
}

/** Stands until somebody says how the emergency ended, whoever has noticed it. */
export function AlarmBands({ alarms }: { alarms: Alarms }) {
  const { t } = useWords();
  const blocked = <SoundBlocked alarms={alarms} />;
  const emergencies = alarms.sorted.filter((alarm) => alarm.kind === "emergency");
  const noticers = useNoticers(emergencies);
  if (emergencies.length === 0 && alarms.error === null) return blocked;
  return (
    <>
      {blocked}
      <section className="emergencies" aria-label={t("alarms.class.emergency")}>
        {emergencies.slice(0, MOST_BANDS).map((alarm) => (
          <EmergencyBand key={alarm.id} alarm={alarm} alarms={alarms} by={noticers(alarm)} />
        ))}
        {emergencies.length > MOST_BANDS && <p className="emergency-more">{t("alarms.more", { n: emergencies.length - MOST_BANDS })}</p>}
        {alarms.error !== null && (
          <div className="emergency-problem">
            <Problem error={alarms.error} />
            <button type="button" className="button is-small" onClick={alarms.clearError}>
              {t("action.close_dialog")}
            </button>
          </div>
        )}
      </section>
    </>
  );
}

export function SoundBlocked({ alarms }: { alarms: Alarms }) {
  const { t } = useWords();
  return alarms.output === "blocked" ? <p className="band band-sound" role="status">{t("alarms.sound_blocked")}</p> : null;
}

function EmergencyBand({ alarm, alarms, by }: { alarm: AlarmView; alarms: Alarms; by: string[] }) {
  const { t, f } = useWords();
  const { me } = useSession();
  const [isResolving, setResolving] = useState(false);
  const isMine = alarms.isNoticed(alarm);
  return (
    <div className={`emergency ${isMine ? "is-noticed" : ""}`}>
      <p className="emergency-what" role="alert">
        <i aria-hidden="true">▲</i> {t("alarms.emergency")} <b className="num"><bdi>{alarm.call_sign ?? "?"}</bdi></b>
      </p>
      <p className="emergency-facts">
        <span>
          <Age at={alarm.occurred_at} />
          {alarm.presses > 1 && (
            <>
              {" · "}<b className="num">{t("alarms.presses", { n: alarm.presses })}</b> ({t("alarms.first_press")} <Age at={alarm.raised_at} />)
            </>
          )}
        </span>
        <span>
          {alarm.incident_id ? (
            <Link to={`/desk/${alarm.incident_id}`}>{t("alarms.incident", { number: alarm.number ?? "?" })}</Link>
          ) : may(me, "open") ? (
            <EmergencyCallButton alarm={alarm} />
          ) : (
            t("alarms.no_incident")
          )}
        </span>
        <span className="num">
          {alarm.place && alarm.fix_at ? (
            <>
              {f.coordinates(alarm.place.lon, alarm.place.lat)} ({t("alarms.fix_age")} <Age at={alarm.fix_at} />)
            </>
          ) : (
            t("alarms.no_place")
          )}
        </span>
        {alarm.level === "escalated" && <span><SentUp alarm={alarm} /></span>}
        {by.length > 0 && <span dir="auto">{t("alarms.noticed_by", { names: by.join(", ") })}</span>}
      </p>
      <p className="emergency-do">
        <button type="button" id={`alarm-${alarm.id}`} className="button" disabled={isMine} onClick={() => alarms.acknowledge(alarm)}>
          {isMine ? t("alarms.noticed") : t("alarms.acknowledge")} <Kbd>F9</Kbd>
        </button>
        {may(me, "resolve_alarm") && (
          <button type="button" className="button" onClick={() => setResolving(true)}>
            {t("alarms.resolve")}
          </button>
        )}
      </p>
      {isResolving && <ResolveDialog alarm={alarm} onClose={() => setResolving(false)} />}
    </div>
  );
}
