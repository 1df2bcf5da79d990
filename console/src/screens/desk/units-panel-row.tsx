/** One unit beside the open incident: what it is, how soon it can be there, how old its position is, and why it stands where it stands. */
import { may } from "../../api/permissions";
import type { UnitView } from "../../api/types";
import { useLive, useNames, useSession, useWords } from "../../context";
import { Age, PositionAge, StatusMark } from "../../ui/marks";
import { Reasons, travelText } from "./unit-reasons";
import { useOf, type UnitChoice } from "./units-data";

interface Props {
  choice: UnitChoice;
  incidentId: string | null;
  isTicked: boolean;
  canSend: boolean;
  onTick: (id: string) => void;
  onUnder: (id: string | null) => void;
  onSend: (ids: readonly string[]) => void;
  onDivert: (unit: UnitView) => void;
}

export function UnitRow({ choice, incidentId, isTicked, canSend, onTick, onUnder, onSend, onDivert }: Props) {
  const { me } = useSession();
  const { t, f } = useWords();
  const names = useNames();
  const unit = useLive("units", (store) => store.units.get(choice.unit.id)) ?? choice.unit;
  const position = useLive("positions", (store) => store.positions.get(unit.id) ?? null);
  const use = may(me, "dispatch") ? useOf({ ...choice, unit }, incidentId) : null;
  const { item } = choice;
  const distance = item ? (item.travel?.distance_m ?? null) : choice.distance_m;
  const isHere = incidentId !== null && unit.incident_id === incidentId;
  return (
    <div className={`unit-row ${incidentId === null ? "is-plain" : ""} ${isHere ? "is-here" : ""} ${item?.suggested && use === "send" ? "is-suggested" : ""}`}>
      <span className="unit-tick">
        {use === "send" && (
          <input
            id={`tick-${unit.id}`} type="checkbox" data-unit={unit.id} checked={isTicked} onChange={() => onTick(unit.id)} onFocus={() => onUnder(unit.id)} onBlur={() => onUnder(null)}
            aria-label={t("recommend.tick", { unit: unit.call_sign })}
          />
        )}
      </span>
      <span className="unit-name" title={names.kind(unit.kind)}>
        <bdi>{unit.call_sign}</bdi> <span className="quiet small">{names.kind(unit.kind)}</span>
      </span>
      <span className="unit-time num">{item && use !== null && travelText(item.travel, t)}</span>
      <span className="unit-state">
        <StatusMark status={unit.status} /> <Age at={unit.since} className="quiet small" />
        <span className="unit-where small">
          {distance !== null && <b className="num">{f.distance(distance)}</b>} <PositionAge at={position?.fix_at ?? null} stale_after_s={me.stale_after_s} />
        </span>
      </span>
      {item && <Reasons item={item} />}
      {use === "send" && (
        <button type="button" className="button unit-assign" disabled={!canSend} onClick={() => onSend([unit.id])} aria-label={t("units.assign_unit", { unit: unit.call_sign })}>
          {t("recommend.send_one")}
        </button>
      )}
      {use === "divert" && (
        <button type="button" className="button unit-assign is-divert" disabled={!canSend} onClick={() => onDivert(unit)} aria-label={t("recommend.divert_unit", { unit: unit.call_sign })}>
          {t("recommend.divert")}
        </button>
      )}
    </div>
  );
}
