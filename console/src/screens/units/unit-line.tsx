/** One row of the list of units. */
import { Link } from "react-router";
import { may } from "../../api/permissions";
import type { UnitView } from "../../api/types";
import { useLive, useNames, useSession, useWords } from "../../context";
import { session } from "../../session";
import { Age, PositionAge, StatusMark } from "../../ui/marks";
import { useCodeNames } from "./code-names";
import { UnitStatusMenu } from "./status-menu";

const ROW_PX = 34;

interface Props {
  unit: UnitView;
  index: number;
  top: number;
  isCursor: boolean;
  onOpen: (id: string) => void;
}

export function UnitLine({ unit: listed, index, top, isCursor, onOpen }: Props) {
  const unit = useLive("units", (store) => store.units.get(listed.id)) ?? listed;
  const { me } = useSession();
  const { t } = useWords();
  const names = useNames();
  const words = useCodeNames();
  const position = useLive("positions", (store) => store.positions.get(unit.id) ?? null);
  const number = useLive("incidents", (store) => (unit.incident_id ? (store.incidents.get(unit.incident_id)?.number ?? null) : null));
  return (
    <div role="row" aria-rowindex={index + 2} className={`unit-line row-slot ${isCursor ? "is-cursor" : ""}`} style={{ transform: `translateY(${top}px)`, height: ROW_PX }}>
      <span role="rowheader">
        <button type="button" id={`unit-${unit.id}`} className="unit-open" aria-current={isCursor || undefined} onClick={() => onOpen(unit.id)}>
          <bdi>{unit.call_sign}</bdi>
        </button>
        {unit.lent && <LentSign unit={unit} />}
      </span>
      <span role="cell">{names.kind(unit.kind)}</span>
      <span role="cell">
        <bdi>{names.territory(unit.territory_id) ?? t("unknown")}</bdi>
      </span>
      <span role="cell">
        {unit.incident_id === null && may(me, "unit_status") ? <UnitStatusMenu unit={unit} /> : <StatusMark status={unit.status} />}
        {unit.reason && <span className="quiet small"> {words.reason(unit.reason)}</span>}
      </span>
      <span role="cell">
        <Age at={unit.since} />
      </span>
      <span role="cell" className="num">
        {unit.crew_size > 0 ? unit.crew_size : <span className="quiet">–</span>}
      </span>
      <span role="cell">
        <PositionAge at={position?.fix_at ?? null} stale_after_s={me.stale_after_s} />
      </span>
      <span role="cell" className="num">
        {unit.incident_id ? (
          <Link to={`/desk/${unit.incident_id}`}>
            <bdi>{number ?? t("units.its_incident")}</bdi>
          </Link>
        ) : (
          <span className="quiet">–</span>
        )}
      </span>
    </div>
  );
}

/** A unit that belongs elsewhere; the panel says where and until when. */
function LentSign({ unit }: { unit: UnitView }) {
  const { t, f } = useWords();
  const text = t("lend.until", { until: f.shortClock(unit.lent!.until, session.store.time.now_ms()) });
  return (
    <span className="lent-sign small" title={text}>
      {" "}
      ⇄ <span className="sr-only">{text}</span>
    </span>
  );
}
