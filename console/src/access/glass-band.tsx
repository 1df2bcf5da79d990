/** On a supervisor's console: somebody broke the glass. It stands until this person has noticed it; the list keeps it until it is judged. */
import { Link } from "react-router";
import type { AlarmView } from "../api/types";
import { useNames, useWords } from "../context";
import { Age } from "../ui/marks";
import { useColleagues } from "../ui/presence";
import type { Alarms } from "../ui/use-alarms";

const MOST = 3;

export function GlassBands({ alarms }: { alarms: Alarms }) {
  const broken = alarms.sorted.filter((alarm) => alarm.kind === "break_glass" && !alarms.isNoticed(alarm));
  return (
    <>
      {broken.slice(0, MOST).map((alarm) => (
        <GlassBand key={alarm.id} alarm={alarm} alarms={alarms} />
      ))}
    </>
  );
}

function GlassBand({ alarm, alarms }: { alarm: AlarmView; alarms: Alarms }) {
  const { t } = useWords();
  const names = useNames();
  const by = useColleagues(true).get(alarm.raised_by);
  return (
    <div className="band band-glass">
      <span role="alert">
        <i aria-hidden="true">◆</i> <b>{t("alarm.break_glass")}</b> {alarm.number !== null && <bdi className="num">{t("alarms.incident", { number: alarm.number })}</bdi>}{" "}
        <bdi>{names.territory(alarm.territory_id) ?? ""}</bdi> {by !== undefined && <bdi>· {by}</bdi>}
      </span>{" "}
      <Age at={alarm.occurred_at} />{" "}
      <Link to="/oversight/glass" className="button is-small">
        {t("glass.to_judge")}
      </Link>{" "}
      <button type="button" className="button is-small" onClick={() => alarms.acknowledge(alarm)}>
        {t("alarms.acknowledge")}
      </button>
    </div>
  );
}
