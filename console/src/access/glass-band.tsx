/** Somebody broke the glass, on the console of whoever may judge it. It stands until this person has noticed it; the list keeps it until it is judged. */
import { Link } from "react-router";
import type { AlarmView } from "../api/types";
import { useNames, useWords } from "../context";
import { Age, Kbd } from "../ui/marks";
import { useColleagues } from "../ui/presence";
import type { Alarms } from "../ui/use-alarms";
import type { GlassWatch } from "./glass-watch";

const MOST = 3;

/** On a supervisor's console, from the alarms of the live picture. */
export function GlassBands({ alarms }: { alarms: Alarms }) {
  const broken = alarms.sorted.filter((alarm) => alarm.kind === "break_glass" && !alarms.isNoticed(alarm));
  return (
    <>
      {broken.slice(0, MOST).map((alarm) => (
        <AlarmOfGlass key={alarm.id} alarm={alarm} alarms={alarms} />
      ))}
    </>
  );
}

function AlarmOfGlass({ alarm, alarms }: { alarm: AlarmView; alarms: Alarms }) {
  const by = useColleagues(true).get(alarm.raised_by);
  return <GlassBand reference={alarm.number} territory_id={alarm.territory_id} by={by} at={alarm.occurred_at} to="/oversight/glass" onNoticed={() => alarms.acknowledge(alarm)} />;
}

/** On the console of somebody without alarms, from what it asks for itself. */
export function WatchedGlass({ watch }: { watch: GlassWatch }) {
  const { t } = useWords();
  if (watch.unnoticed.length === 0) return null;
  return (
    <section aria-label={t("alarm.break_glass")}>
      {watch.unnoticed.slice(0, MOST).map((one, nth) => (
        <GlassBand
          key={one.id} reference={one.reference} territory_id={one.territory_id} by={one.by.name} at={one.broken_at}
          to={`/oversight/glass/${one.id}`} hasKey={nth === 0} onNoticed={() => watch.notice(one.id)}
        />
      ))}
      {watch.unnoticed.length > MOST && <p className="band band-glass">{t("alarms.more", { n: watch.unnoticed.length - MOST })}</p>}
    </section>
  );
}

interface Band {
  reference: string | null;
  territory_id: number;
  by: string | undefined;
  at: string;
  to: string;
  hasKey?: boolean;
  onNoticed: () => void;
}

function GlassBand({ reference, territory_id, by, at, to, hasKey = false, onNoticed }: Band) {
  const { t } = useWords();
  const names = useNames();
  return (
    <div className="band band-glass">
      <span role="alert">
        <i aria-hidden="true">◆</i> <b>{t("alarm.break_glass")}</b> {reference !== null && <bdi className="num">{t("alarms.incident", { number: reference })}</bdi>}{" "}
        <bdi>{names.territory(territory_id) ?? ""}</bdi> {by !== undefined && <bdi>· {by}</bdi>}
      </span>{" "}
      <Age at={at} />{" "}
      <Link to={to} className="button is-small">
        {t("glass.to_judge")}
      </Link>{" "}
      <button type="button" className="button is-small" onClick={onNoticed}>
        {t("alarms.acknowledge")} {hasKey && <Kbd>F9</Kbd>}
      </button>
    </div>
  );
}

/** In the top bar of the same console: what waits for a verdict, what is past its day, and whether the centre answers at all. */
export function GlassBar({ watch, alarms }: { watch: GlassWatch; alarms: Alarms }) {
  const { t, f } = useWords();
  return (
    <div className="alarm-bar" data-sound={alarms.sound ?? "none"} data-output={alarms.output}>
      <Link
        to="/oversight/glass" className={`button alarm-chip ${watch.unnoticed.length > 0 ? "is-unnoticed" : ""}`}
        title={t("glass.watch.waiting")}
      >
        <span className="glass-word">{t("glass.watch.waiting")}</span>{" "}
        <span className={watch.waiting.length > 0 ? "alarm-count is-escalated num" : "num"}>
          <i aria-hidden="true">◆</i> {f.number(watch.waiting.length)}
        </span>
      </Link>
      {watch.pastDay !== null && watch.pastDay > 0 && (
        <Link to="/oversight/tasks" className="button alarm-chip" title={t("glass.watch.past_day")}>
          <span className="glass-word">{t("glass.watch.past_day")}</span>{" "}
          <span className="alarm-count is-escalated num">
            <i aria-hidden="true">▲</i> {f.number(watch.pastDay)}
          </span>
        </Link>
      )}
      <span className="sound-state" role="status">
        {watch.lost_ms !== null ? t("link.offline", { time: f.clock(watch.lost_ms).slice(0, 5) }) : alarms.output === "elsewhere" ? t("alarms.sound_elsewhere") : ""}
      </span>
    </div>
  );
}
